//! An agency's customers: which orders it has had of each. Nothing here says who they are; that is opened from their orders.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::check::MobilePhone;
use crate::id::{AgencyCustomerId, AgencyId, OrderId};
use crate::service::Service;
use crate::stars::StarsView;
use crate::time::Millis;

use super::{Order, OrderDetails, Stars, State, Status};

/// So many orders are kept of a customer. When there are more, the oldest that is over goes.
pub const MOST_SERVED: usize = 100;

/// How far a visit has come with an agency. It only ever goes on; before it has begun, the agency can lose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A worker is named.
    Named,
    Begun,
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedOrder {
    pub service: Service,
    pub start_at: Millis,
    pub progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<Stars>,
}

/// What an agency has had of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// How many visits have begun, also those that are not kept any more.
    pub visits: u32,
    orders: BTreeMap<OrderId, ServedOrder>,
}

/// What a change of an order says about a customer of its agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedNews {
    pub agency: AgencyId,
    pub customer: AgencyCustomerId,
    pub order: OrderId,
    pub at: Millis,
    /// `None` when the agency has lost the order.
    pub now: Option<ServedOrder>,
}

/// What there is to keep between one version of an order and the next; `None` if it is nothing.
pub fn served_news(before: &Order, after: &Order) -> Option<ServedNews> {
    let (was, now) = (had(before), had(after));
    if was == now {
        return None;
    }
    let agency = match (&now, was) {
        (Some((agency, _)), _) => agency.clone(),
        (None, was) => was?.0,
    };
    Some(ServedNews {
        customer: AgencyCustomerId::new(&agency, &after.customer),
        agency,
        order: after.id.clone(),
        at: after.timeline.last()?.at,
        now: now.map(|(_, order)| order),
    })
}

/// Which agency has a worker named for it, and what it has of the order.
fn had(order: &Order) -> Option<(AgencyId, ServedOrder)> {
    let (progress, stars) = match &order.state {
        State::Staffed(..) => (Progress::Named, None),
        State::InService(..) => (Progress::Begun, None),
        State::Completed(..) => (Progress::Over, None),
        State::Rated(_, _, given) => (Progress::Over, Some(given.stars)),
        State::Open { .. } | State::Claimed(_) | State::Cancelled { .. } | State::Unfilled => {
            return None;
        }
    };
    let served = ServedOrder {
        service: order.service,
        start_at: order.start_at,
        progress,
        stars,
    };
    Some((order.claim()?.agency.clone(), served))
}

impl Served {
    /// With this kept too. What came earlier and comes again changes nothing, once what came after it has come again too.
    #[must_use]
    pub fn with(&self, news: &ServedNews) -> Self {
        let mut served = self.clone();
        let known = self.orders.get(&news.order);
        if known.is_none() && self.is_too_old(news) {
            return served;
        }
        let had_begun = known.is_some_and(|known| known.progress >= Progress::Begun);
        match &news.now {
            Some(now) => {
                served.visits += u32::from(!had_begun && now.progress >= Progress::Begun);
                let rank = |order: &ServedOrder| (order.progress, order.stars.is_some());
                if known.is_none_or(|known| rank(known) <= rank(now)) {
                    served.orders.insert(news.order.clone(), now.clone());
                }
            }
            None if !had_begun => {
                served.orders.remove(&news.order);
            }
            None => {}
        }
        while served.orders.len() > MOST_SERVED {
            let rank = |order: &ServedOrder| (order.progress != Progress::Over, order.start_at);
            let oldest = served.orders.iter().min_by_key(|(_, order)| rank(order));
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                break;
            };
            served.orders.remove(&oldest);
        }
        served
    }

    /// Whether it has had to go, and been counted: a late rating, or the stream repeating itself, tells of it once more.
    fn is_too_old(&self, news: &ServedNews) -> bool {
        let over = self.orders.values();
        let over = over.filter(|order| order.progress == Progress::Over);
        let oldest = over.map(|order| order.start_at).min();
        let told = news.now.as_ref().map(|order| order.start_at);
        self.orders.len() >= MOST_SERVED
            && told.zip(oldest).is_some_and(|(told, oldest)| told < oldest)
    }

    /// Orders that say who the customer is, the one that counts first: the latest for which somebody is to come or has come, and
    /// the latest that is over, which lasts if the agency has just lost the other.
    pub fn told_by(&self) -> impl Iterator<Item = &OrderId> {
        [false, true].into_iter().filter_map(|is_over| {
            let orders = self.orders.iter();
            let fit = orders.filter(|(_, order)| (order.progress == Progress::Over) == is_over);
            fit.max_by_key(|(_, order)| order.start_at)
                .map(|(id, _)| id)
        })
    }

    /// The visits that have begun, the latest first.
    pub fn begun(&self) -> Vec<(&OrderId, &ServedOrder)> {
        let orders = self.orders.iter();
        let begun = orders.filter(|(_, order)| order.progress >= Progress::Begun);
        let mut begun: Vec<_> = begun.collect();
        begun.sort_by_key(|(_, order)| Reverse(order.start_at));
        begun
    }

    /// When the latest visit that has begun was to start; `None` for somebody who is no customer of the agency yet.
    pub fn last_visit(&self) -> Option<Millis> {
        self.begun().first().map(|(_, order)| order.start_at)
    }

    pub fn services(&self) -> BTreeSet<Service> {
        let begun = self.begun().into_iter();
        begun.map(|(_, order)| order.service).collect()
    }

    /// What the customer has given, as a plain average; `None` without any rating.
    pub fn stars(&self) -> Option<StarsView> {
        let given = self.orders.values().filter_map(|order| order.stars);
        let given: Vec<u64> = given.map(|stars| stars.count().into()).collect();
        let (sum, count) = (given.iter().sum::<u64>(), given.len() as u64);
        let tenths = (sum * 20 + count).checked_div(count * 2)?;
        Some(StarsView {
            average: tenths as f64 / 10.0,
            count,
        })
    }
}

/// Whom an agency may know a customer by.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenContact {
    pub name: String,
    pub masked_phone: String,
    /// Only while somebody is to come or is there.
    pub phone: Option<MobilePhone>,
}

/// Empty, so that a contact cannot slip into a log.
impl std::fmt::Debug for SeenContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeenContact")
    }
}

impl Order {
    /// Whom to call, as the agency that has named who comes sees it among its customers; `None` for any other agency.
    pub fn seen_contact(&self, agency: &AgencyId, details: OrderDetails) -> Option<SeenContact> {
        self.staffing()?;
        let contact = details.contact;
        let is_under_way = matches!(self.status(), Status::Staffed | Status::InService);
        (self.claim()?.agency == *agency).then(|| SeenContact {
            name: contact.name,
            masked_phone: contact.phone.masked(),
            phone: Some(contact.phone).filter(|_| is_under_way),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(n: u8) -> OrderId {
        OrderId::from_bytes(&[n; 16])
    }

    fn news(n: u8, now: Option<(Progress, Option<u8>)>) -> ServedNews {
        let agency = AgencyId::from_bytes(&[1; 16]);
        let customer = crate::id::CustomerId::from_bytes(&[2; 16]);
        ServedNews {
            customer: AgencyCustomerId::new(&agency, &customer),
            agency,
            order: order(n),
            at: Millis(0),
            now: now.map(|(progress, stars)| ServedOrder {
                service: Service::Cleaning,
                start_at: Millis(n.into()),
                progress,
                stars: stars.map(|stars| Stars::try_from(stars).unwrap()),
            }),
        }
    }

    fn after(all: &[ServedNews]) -> Served {
        let none = Served::default();
        all.iter().fold(none, |served, news| served.with(news))
    }

    const NAMED: Option<(Progress, Option<u8>)> = Some((Progress::Named, None));
    const BEGUN: Option<(Progress, Option<u8>)> = Some((Progress::Begun, None));
    const OVER: Option<(Progress, Option<u8>)> = Some((Progress::Over, None));

    #[test]
    fn nobody_is_a_customer_before_a_visit_has_begun() {
        let named = after(&[news(1, NAMED)]);
        assert_eq!((named.visits, named.last_visit()), (0, None));
        assert_eq!(after(&[news(1, NAMED), news(1, None)]), Served::default());
        let begun = named.with(&news(1, BEGUN));
        assert_eq!((begun.visits, begun.last_visit()), (1, Some(Millis(1))));
    }

    #[test]
    fn who_a_customer_is_is_told_by_what_is_under_way_and_else_by_the_latest_visit() {
        let told = |all: &[ServedNews]| {
            let served = after(all);
            let told: Vec<OrderId> = served.told_by().cloned().collect();
            told
        };
        let over = [news(1, OVER), news(3, OVER)];
        assert_eq!(told(&over), [order(3)]);
        // One that began earlier and is not over yet comes before one that is.
        for under_way in [NAMED, BEGUN] {
            let all = [&over[..], &[news(2, under_way)]].concat();
            assert_eq!(told(&all), [order(2), order(3)]);
        }
    }

    #[test]
    fn stars_are_averaged_plainly() {
        let given = |all: &[u8]| {
            let rated = (1..).zip(all);
            let rated = rated.map(|(n, stars)| news(n, Some((Progress::Over, Some(*stars)))));
            let stars = after(&rated.collect::<Vec<_>>()).stars();
            stars.map(|stars| (stars.average, stars.count))
        };
        assert_eq!(given(&[]), None);
        assert_eq!(given(&[1]), Some((1.0, 1)));
        assert_eq!(given(&[5, 4]), Some((4.5, 2)));
        assert_eq!(given(&[5, 5, 4]), Some((4.7, 3)));
    }

    #[test]
    fn of_too_many_those_go_that_are_over_the_oldest_first() {
        let mut all = vec![news(0, BEGUN)];
        all.extend((1..=150).map(|n| news(n, OVER)));
        let served = after(&all);
        assert_eq!(served.visits, 151);
        let begun = served.begun();
        assert_eq!(begun.len(), MOST_SERVED);
        assert_eq!(begun[0].0, &order(150));
        assert_eq!(begun[98].0, &order(52));
        assert_eq!(begun[99].0, &order(0), "it is not over");
        // One that has gone is rated late, and the stream repeats itself.
        for now in [NAMED, BEGUN, OVER, Some((Progress::Over, Some(5)))] {
            assert_eq!(served.with(&news(1, now)), served);
        }
    }

    proptest! {
        /// The stream repeats from some place on, and mixes orders as it likes.
        #[test]
        fn what_comes_again_changes_nothing(
            ends in proptest::collection::vec(0_usize..6, 1..6),
            mix in proptest::collection::vec(0_usize..6, 0..40),
            again_from in 0_usize..30,
        ) {
            let lives = [
                vec![NAMED],
                vec![NAMED, None],
                vec![NAMED, BEGUN],
                vec![NAMED, BEGUN, OVER],
                vec![NAMED, None, NAMED, BEGUN, OVER],
                vec![NAMED, BEGUN, OVER, Some((Progress::Over, Some(4)))],
            ];
            let mut waiting: Vec<Vec<ServedNews>> = (1_u8..).zip(&ends).map(|(n, end)| {
                lives[*end].iter().rev().map(|now| news(n, *now)).collect()
            }).collect();
            let in_order: Vec<ServedNews> = waiting.iter().flat_map(|of| of.iter().rev().cloned()).collect();
            let mut all = Vec::new();
            for place in mix.into_iter().chain((0..6).cycle().take(60)) {
                all.extend(waiting.get_mut(place).and_then(Vec::pop));
            }
            let repeated: Vec<ServedNews> = all.iter().chain(all.iter().skip(again_from)).cloned().collect();
            prop_assert_eq!(after(&all), after(&in_order));
            prop_assert_eq!(after(&repeated), after(&in_order));
        }
    }
}
