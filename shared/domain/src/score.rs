//! Which agency an unclaimed order is assigned to, and why.
//!
//! Among the agencies in range, those that may not have the order are excluded, each with its reason; the
//! rest are scored, and the highest score wins. All arithmetic is in whole numbers, so that the same
//! candidates give the same choice on every machine, in whatever order they come.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::agency::{AgencyStats, Standing};
use crate::id::{AgencyId, OrderId, StoreId};
use crate::market::{Market, ScoreWeights};
use crate::order::Order;
use crate::service::ServiceSet;

/// The version of the policy that this module is. Any change that can change a choice raises it.
pub const POLICY_VERSION: u32 = 2;

/// A part of a score is a share of this.
const WHOLE: u64 = 1_000;

/// Ratings are counted as if there had been this many more, of this many stars: a newcomer is neither
/// best nor worst, and one rating does not make or break it.
const PRIOR_RATINGS: u64 = 10;
const PRIOR_STARS: u64 = 4;
const MOST_STARS: u64 = 5;

/// Claims are counted as if there had been this many more, of which this many were completed.
const PRIOR_CLAIMS: u64 = 10;
const PRIOR_COMPLETED: u64 = 9;

/// How many candidates an explanation lists.
const LISTED: usize = 50;

/// An agency in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The agency.
    pub agency: AgencyId,
    /// Its name.
    pub name: String,
    /// Its nearest store.
    pub store: StoreId,
    /// From that store to the order, in metres.
    pub distance_m: f64,
    /// How the agency stands, read now.
    pub standing: Standing,
    /// What it offers, read now.
    pub services: ServiceSet,
    /// What it has done so far.
    pub stats: AgencyStats,
    /// Its unstaffed claims.
    pub load: u32,
    /// Its workers who can be sent to such a visit.
    pub workers: Workforce,
}

/// An agency's approved workers with the skill that an order asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workforce {
    /// How many there are.
    pub skilled: u32,
    /// Of how many the credit record passes the gate for the visit.
    pub cleared: u32,
}

/// Why an agency in range is not a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// It is not approved.
    NotApproved,
    /// It does not offer the service.
    ServiceNotOffered,
    /// It had this order's claim before, and released it or missed staffing.
    HadTheClaim,
    /// It has as many unstaffed claims as the market allows.
    AtTheCap,
    /// None of its workers with the skill passes the gate and is free then.
    NoClearedFreeWorker,
    /// It is not in range.
    OutOfRange,
}

/// A score, with what it is made of. Each part is of 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScoreParts {
    /// The weighted mean of the parts, of 1,000,000.
    pub total: u64,
    /// The star rating.
    pub stars: u64,
    /// The share of the workers with the skill who pass the gate.
    pub credit: u64,
    /// The completion rate.
    pub completion: u64,
    /// Nearness.
    pub distance: u64,
    /// Freedom.
    pub load: u64,
}

/// Scores a candidate. Nearer, better rated, more reliable or less loaded never scores lower, all else equal.
pub fn score(candidate: &Candidate, market: &Market, radius_m: u32) -> ScoreParts {
    let stats = candidate.stats;
    let share = |part: u64, whole: u64| {
        // At most WHOLE, so it fits; the product need not.
        (u128::from(part.min(whole)) * u128::from(WHOLE) / u128::from(whole.max(1))) as u64
    };

    // A rating has at least one star; the scale begins there.
    let ratings = stats.stars_count.saturating_add(PRIOR_RATINGS);
    let stars = stats.stars_sum.saturating_add(PRIOR_STARS * PRIOR_RATINGS);
    let stars = share(
        stars.saturating_sub(ratings),
        ratings.saturating_mul(MOST_STARS - 1),
    );
    let ended = stats.completed.saturating_add(stats.abandoned);
    let completion = share(
        stats.completed.saturating_add(PRIOR_COMPLETED),
        ended.saturating_add(PRIOR_CLAIMS),
    );
    // `as` saturates, and makes a distance that is not a number 0; whole metres, rounded up.
    let metres = candidate.distance_m.ceil() as u64;
    let radius = u64::from(radius_m);
    let distance = share(radius.saturating_sub(metres), radius);
    let cap = u64::from(market.assignment_cap);
    let load = share(cap.saturating_sub(candidate.load.into()), cap);
    let Workforce { skilled, cleared } = candidate.workers;
    let credit = share(cleared.into(), skilled.into());

    let weights = market.score;
    let weighted = u64::from(weights.stars) * stars
        + u64::from(weights.credit) * credit
        + u64::from(weights.completion) * completion
        + u64::from(weights.distance) * distance
        + u64::from(weights.load) * load;
    ScoreParts {
        total: weighted * WHOLE / weights.sum().max(1),
        stars,
        credit,
        completion,
        distance,
        load,
    }
}

/// A candidate with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The candidate.
    pub candidate: Candidate,
    /// Its score.
    pub score: ScoreParts,
}

/// What came of choosing within one radius.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The radius, in metres.
    pub radius_m: u32,
    /// Who can be assigned, the best first.
    pub ranked: Vec<Ranked>,
    /// Who cannot, and why, by id.
    pub exclusions: Vec<(AgencyId, Exclusion)>,
}

impl Choice {
    /// The best.
    pub fn winner(&self) -> Option<&Candidate> {
        self.ranked.first().map(|ranked| &ranked.candidate)
    }

    /// The best turned out to have no worker free: the next is the best now.
    pub fn pass_over_winner(&mut self) {
        if self.ranked.is_empty() {
            return;
        }
        let passed_over = self.ranked.remove(0).candidate.agency;
        self.exclusions
            .push((passed_over, Exclusion::NoClearedFreeWorker));
        self.exclusions.sort();
    }
}

/// Chooses among the agencies that were found within `radius_m`, each given once.
pub fn choose(order: &Order, candidates: Vec<Candidate>, market: &Market, radius_m: u32) -> Choice {
    let mut ranked = Vec::new();
    let mut exclusions = Vec::new();
    for candidate in candidates {
        match exclusion(order, &candidate, market, radius_m) {
            Some(reason) => exclusions.push((candidate.agency, reason)),
            None => ranked.push(Ranked {
                score: score(&candidate, market, radius_m),
                candidate,
            }),
        }
    }
    ranked.sort_by_cached_key(|ranked| {
        let tie_break = tie_break(&order.id, &ranked.candidate.agency);
        (Reverse(ranked.score.total), tie_break)
    });
    exclusions.sort();
    Choice {
        radius_m,
        ranked,
        exclusions,
    }
}

/// Why this agency cannot be assigned the order: the first reason that holds. Whether one of its cleared workers is
/// free is asked only of the best, one after the other ([`Choice::pass_over_winner`]): that takes reading.
fn exclusion(
    order: &Order,
    candidate: &Candidate,
    market: &Market,
    radius_m: u32,
) -> Option<Exclusion> {
    let in_range = candidate.distance_m <= f64::from(radius_m);
    let reasons = [
        (!in_range, Exclusion::OutOfRange),
        (
            candidate.standing != Standing::Approved,
            Exclusion::NotApproved,
        ),
        (
            !candidate.services.contains(order.service),
            Exclusion::ServiceNotOffered,
        ),
        (
            order.excluded.contains(&candidate.agency),
            Exclusion::HadTheClaim,
        ),
        (candidate.load >= market.assignment_cap, Exclusion::AtTheCap),
        (
            candidate.workers.cleared == 0,
            Exclusion::NoClearedFreeWorker,
        ),
    ];
    reasons
        .into_iter()
        .find_map(|(holds, reason)| holds.then_some(reason))
}

/// Who wins among equals: another agency for each order, the same whenever it is asked.
fn tie_break(order: &OrderId, agency: &AgencyId) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(order.as_str().as_bytes());
    context.update(agency.as_str().as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Why an order was settled as it was, kept with the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// [`POLICY_VERSION`] then.
    pub policy_version: u32,
    /// The market's weights then.
    pub weights: ScoreWeights,
    /// Who was assigned; nobody if the order ended unfilled.
    pub winner: Option<AgencyId>,
    /// The radii that were tried, each with what was found.
    pub radii: Vec<Tried>,
}

/// What was found within one radius.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The radius, in metres.
    pub radius_m: u32,
    /// How many could be assigned.
    pub eligible: usize,
    /// The best 50 of them.
    pub candidates: Vec<Explained>,
    /// Who could not, by reason.
    pub exclusions: BTreeMap<Exclusion, Vec<AgencyId>>,
}

/// A candidate as an explanation lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The agency.
    pub agency_id: AgencyId,
    /// Its nearest store.
    pub store_id: StoreId,
    /// How far it is, in whole metres.
    pub distance_m: u32,
    /// Its unstaffed claims then.
    pub unstaffed_claims: u32,
    /// Its workers then.
    #[serde(default)]
    pub workers: Workforce,
    /// Its score.
    pub score: ScoreParts,
}

impl Explanation {
    /// Of the choices in the order in which they were made; the last may have a winner.
    pub fn of(choices: &[Choice], market: &Market) -> Self {
        Self {
            policy_version: POLICY_VERSION,
            weights: market.score,
            winner: choices
                .last()
                .and_then(Choice::winner)
                .map(|winner| winner.agency.clone()),
            radii: choices.iter().map(Tried::of).collect(),
        }
    }
}

impl Tried {
    fn of(choice: &Choice) -> Self {
        let mut exclusions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (agency, reason) in &choice.exclusions {
            exclusions.entry(*reason).or_default().push(agency.clone());
        }
        let listed = choice.ranked.iter().take(LISTED);
        Self {
            radius_m: choice.radius_m,
            eligible: choice.ranked.len(),
            candidates: listed
                .map(|Ranked { candidate, score }| Explained {
                    agency_id: candidate.agency.clone(),
                    store_id: candidate.store.clone(),
                    distance_m: candidate.distance_m.round() as u32,
                    unstaffed_claims: candidate.load,
                    workers: candidate.workers,
                    score: *score,
                })
                .collect(),
            exclusions,
        }
    }
}

#[cfg(test)]
mod tests;
