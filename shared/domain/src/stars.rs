//! Stars: what many ratings together say of an agency or a worker.
//!
//! The average is Bayesian: the ratings are counted as if there were [`PRIOR_RATINGS`] more, each with [`PRIOR_STARS`]
//! stars,
//!
//! ```text
//! (PRIOR_RATINGS · PRIOR_STARS + sum of stars) / (PRIOR_RATINGS + number of ratings)
//! ```
//!
//! so that a newcomer is neither best nor worst, and a single rating does not decide. It is the mean of the posterior under a
//! Dirichlet prior over the five numbers of stars with that weight and that mean, and the formula that IMDb published of its
//! Top 250: W = (R·v + C·m) / (v + m). All arithmetic is in whole numbers.

use serde::{Deserialize, Serialize};

/// How many ratings the prior weighs.
const PRIOR_RATINGS: u64 = 10;
/// What the prior says of somebody of whom nobody has said anything.
const PRIOR_STARS: u64 = 4;

/// All ratings that count of somebody, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StarTally {
    /// Of 1 to 5 stars each.
    pub sum: u64,
    pub count: u64,
}

/// Stars as they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StarsView {
    /// 1 to 5, with one decimal.
    pub average: f64,
    pub count: u64,
}

impl StarTally {
    /// The average with the prior, in thousandths of a star: 4,000 without any rating.
    pub fn thousandths(self) -> u64 {
        let count = u128::from(self.count) + u128::from(PRIOR_RATINGS);
        let sum = u128::from(self.sum) + u128::from(PRIOR_STARS * PRIOR_RATINGS);
        (sum * 1_000 / count).min(5_000) as u64
    }

    /// `None` without any rating, where the average would say nothing but the prior.
    pub fn view(self) -> Option<StarsView> {
        let tenths = (self.thousandths() + 50) / 100;
        (self.count > 0).then_some(StarsView {
            average: tenths as f64 / 10.0,
            count: self.count,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_average_is_drawn_to_the_prior_the_less_the_fewer_there_are() {
        for (sum, count, thousandths, shown) in [
            (0, 0, 4_000, None),
            (5, 1, 4_090, Some(4.1)),
            (1, 1, 3_727, Some(3.7)),
            (50, 10, 4_500, Some(4.5)),
            (5_000, 1_000, 4_990, Some(5.0)),
            (1_000, 1_000, 1_029, Some(1.0)),
        ] {
            let tally = StarTally { sum, count };
            assert_eq!(tally.thousandths(), thousandths, "{tally:?}");
            assert_eq!(tally.view().map(|view| view.average), shown, "{tally:?}");
        }
    }

    proptest! {
        #[test]
        fn a_better_rating_never_makes_it_worse(stars in prop::collection::vec(1_u64..=5, 0..200), one in 1_u64..=5) {
            let tally = StarTally { sum: stars.iter().sum(), count: stars.len() as u64 };
            let with = |stars| StarTally { sum: tally.sum + stars, count: tally.count + 1 }.thousandths();
            prop_assert!(with(one) >= with(one - 1));
            prop_assert!((1_000..=5_000).contains(&tally.thousandths()));
        }
    }
}
