//! Wishes: what a customer would like beside the service, and how well a worker fits.
//!
//! What she can do counts in the platform's choice of an agency. Whom a customer would like again, and a worker's sex, sort her
//! own agency's candidates and nothing else.

use serde::{Deserialize, Serialize};

use crate::catalogue::Tag;
use crate::id::{AgencyId, WorkerId};
use crate::stars::StarTally;
use crate::worker::Worker;

use super::Order;

/// The worker of an earlier visit, whom the customer would like again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferred {
    pub worker: WorkerId,
    /// For whom she worked when the order was placed; nobody else is told.
    pub agency: AgencyId,
}

/// How well a worker fits what a customer wished for: who is greater fits better, by the first difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fit {
    /// Whether she is whom the customer would like again.
    pub preferred: bool,
    /// Whether she is of the sex that is wished for; so is everybody where none is.
    pub sex: bool,
    /// How many of the other wishes she fulfils.
    pub wishes: u32,
    /// How near her other visits of the day are, from 0 to 100 ([`nearness`](crate::calendar::nearness)).
    pub nearness: u32,
    /// How long she has done this service, in years.
    pub years: u32,
    /// In thousandths, with the prior.
    pub stars: u64,
}

/// How well a worker fits an order; `stars` and `nearness` are hers. Whether she may come at all is another question:
/// [`ineligible`](super::ineligible).
pub fn fit(order: &Order, worker: &Worker, stars: StarTally, nearness: u32) -> Fit {
    let mut sexes = order.wishes.iter().filter_map(Tag::sex);
    let experience = worker.experience_in(order.service);
    Fit {
        preferred: order.preferred_of(&worker.agency) == Some(&worker.id),
        sex: sexes.all(|sex| worker.sex == Some(sex)),
        wishes: wishes_fulfilled(order, worker),
        nearness,
        years: experience.map_or(0, |experience| experience.years),
        stars: stars.thousandths(),
    }
}

/// How many of the wishes that score a worker fulfils.
pub fn wishes_fulfilled(order: &Order, worker: &Worker) -> u32 {
    let Some(experience) = worker.experience_in(order.service) else {
        return 0;
    };
    let fulfilled = order
        .scored_wishes()
        .filter(|tag| experience.tags.contains(tag));
    // There are at most 8.
    fulfilled.count() as u32
}

impl Order {
    /// The wishes by which agencies are scored: all but that for a sex.
    pub fn scored_wishes(&self) -> impl Iterator<Item = &Tag> {
        self.wishes.iter().filter(|tag| tag.sex().is_none())
    }

    /// Whom the customer would like again, if she works for this agency.
    pub fn preferred_of(&self, agency: &AgencyId) -> Option<&WorkerId> {
        let preferred = self.preferred.as_ref()?;
        preferred.shown_to(agency)
    }
}

impl Preferred {
    /// Her id, if this is her agency.
    pub fn shown_to(&self, agency: &AgencyId) -> Option<&WorkerId> {
        (self.agency == *agency).then_some(&self.worker)
    }
}
