//! Which agency an unclaimed order is assigned to, and why.
//!
//! Agencies in range that may not have the order are excluded, each with its reason; the others are scored, and the
//! highest score wins. All arithmetic is in whole numbers, so that the same candidates in any order give the same
//! choice on every machine.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::agency::{AgencyStats, Standing};
use crate::id::{AgencyId, OrderId, StoreId};
use crate::market::{Market, ScoreWeights};
use crate::order::Order;
use crate::service::ServiceSet;

/// The version of this policy. Every change that can alter a choice raises it.
pub const POLICY_VERSION: u32 = 4;

/// The parts of a score are shares of this.
const WHOLE: u64 = 1_000;

/// The lowest rating and the highest, in thousandths of a star.
const LOWEST: u64 = 1_000;
const HIGHEST: u64 = 5_000;

/// Claims are counted as if there were this many more, of which this many were completed.
const PRIOR_CLAIMS: u64 = 10;
const PRIOR_COMPLETED: u64 = 9;

/// How many candidates an explanation lists.
const LISTED: usize = 50;

/// An agency in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub agency: AgencyId,
    pub name: String,
    /// The store that the agency is told.
    pub store: StoreId,
    /// From its nearest store to the order, in metres.
    pub distance_m: f64,
    /// Read at the time of the choice.
    pub standing: Standing,
    pub services: ServiceSet,
    pub stats: AgencyStats,
    /// How many unstaffed claims it has.
    pub load: u32,
    pub workers: Workforce,
    /// Whether the store that it is told is open all through the visit.
    pub is_open: bool,
}

/// An agency's approved workers with the skill that an order asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workforce {
    /// All of them.
    pub skilled: u32,
    /// Those whose credit record passes the gate for the visit.
    pub cleared: u32,
    /// How many of the order's wishes that one of the cleared fulfils who fulfils most.
    #[serde(default)]
    pub wishes: u32,
}

/// Why an agency cannot be assigned the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    NotApproved,
    ServiceNotOffered,
    /// It had this order's claim before, and released it or missed staffing.
    HadTheClaim,
    /// It has as many unstaffed claims as the market allows.
    AtTheCap,
    /// No worker with the skill passes the gate and is free at the time.
    NoClearedFreeWorker,
    OutOfRange,
}

/// A score and its parts, each of 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScoreParts {
    /// The weighted mean of the parts, of 1,000,000.
    pub total: u64,
    /// By the star rating.
    pub stars: u64,
    /// By the share of skilled workers who pass the gate.
    pub credit: u64,
    /// By the completion rate; a complaint that was upheld counts as a claim given up.
    pub completion: u64,
    pub distance: u64,
    pub load: u64,
    /// By the share of wishes that its best worker fulfils. Before policy 3 there were none.
    #[serde(default)]
    pub wishes: u64,
    /// All or nothing: whether its store is open all through the visit. Before policy 4 there was none.
    #[serde(default)]
    pub open: u64,
}

/// Scores a candidate. All else equal, a nearer, better rated, more reliable or less loaded agency, or one that fulfils more
/// wishes or is open then, never scores lower.
pub fn score(order: &Order, candidate: &Candidate, market: &Market, radius_m: u32) -> ScoreParts {
    let stats = candidate.stats;
    let share = |part: u64, whole: u64| {
        // At most WHOLE, so the result fits; the product might not.
        (u128::from(part.min(whole)) * u128::from(WHOLE) / u128::from(whole.max(1))) as u64
    };

    let stars = stats.stars().thousandths();
    let stars = share(stars.saturating_sub(LOWEST), HIGHEST - LOWEST);
    // A complaint that was upheld counts as a claim given up.
    let failed = stats.abandoned.saturating_add(stats.upheld);
    let ended = stats.completed.saturating_add(failed);
    let completion = share(
        stats.completed.saturating_add(PRIOR_COMPLETED),
        ended.saturating_add(PRIOR_CLAIMS),
    );
    // `as` saturates, and turns a distance that is not a number into 0. Rounded up to whole metres.
    let metres = candidate.distance_m.ceil() as u64;
    let radius = u64::from(radius_m);
    let distance = share(radius.saturating_sub(metres), radius);
    let cap = u64::from(market.assignment_cap);
    let load = share(cap.saturating_sub(candidate.load.into()), cap);
    let Workforce {
        skilled,
        cleared,
        wishes,
    } = candidate.workers;
    let credit = share(cleared.into(), skilled.into());
    let wishes = match order.scored_wishes().count() {
        0 => WHOLE,
        all => share(wishes.into(), all as u64),
    };
    let open = if candidate.is_open { WHOLE } else { 0 };

    let weights = market.score;
    let weighted = u64::from(weights.stars) * stars
        + u64::from(weights.credit) * credit
        + u64::from(weights.completion) * completion
        + u64::from(weights.distance) * distance
        + u64::from(weights.load) * load
        + u64::from(weights.wishes) * wishes
        + u64::from(weights.open) * open;
    ScoreParts {
        total: weighted * WHOLE / weights.sum().max(1),
        stars,
        credit,
        completion,
        distance,
        load,
        wishes,
        open,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    pub candidate: Candidate,
    pub score: ScoreParts,
}

/// The result of choosing within one radius.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub radius_m: u32,
    /// Agencies that can be assigned, the best first.
    pub ranked: Vec<Ranked>,
    /// Agencies that cannot, by id.
    pub exclusions: Vec<(AgencyId, Exclusion)>,
}

impl Choice {
    pub fn winner(&self) -> Option<&Candidate> {
        self.ranked.first().map(|ranked| &ranked.candidate)
    }

    /// Excludes the best, who turned out to have no free worker; the next one is the best now.
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

/// Chooses among the agencies within `radius_m`, each given once.
pub fn choose(order: &Order, candidates: Vec<Candidate>, market: &Market, radius_m: u32) -> Choice {
    let mut ranked = Vec::new();
    let mut exclusions = Vec::new();
    for candidate in candidates {
        match exclusion(order, &candidate, market, radius_m) {
            Some(reason) => exclusions.push((candidate.agency, reason)),
            None => ranked.push(Ranked {
                score: score(order, &candidate, market, radius_m),
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

/// The first reason why this agency cannot be assigned the order. Whether a cleared worker is free takes reading, so
/// that is asked only of the best, one after the other ([`Choice::pass_over_winner`]).
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

/// Decides between equal scores: differently for each order, and always the same for one order.
fn tie_break(order: &OrderId, agency: &AgencyId) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(order.as_str().as_bytes());
    context.update(agency.as_str().as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Why an order was settled as it was; stored with the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The [`POLICY_VERSION`] at the time.
    pub policy_version: u32,
    /// The market's weights at the time.
    pub weights: ScoreWeights,
    /// `None` if the order ended unfilled.
    pub winner: Option<AgencyId>,
    /// The radii that were tried, in order.
    pub radii: Vec<Tried>,
}

/// The result within one radius.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    pub radius_m: u32,
    /// How many agencies could be assigned.
    pub eligible: usize,
    /// The best 50 of them.
    pub candidates: Vec<Explained>,
    /// Agencies that could not be assigned, by reason.
    pub exclusions: BTreeMap<Exclusion, Vec<AgencyId>>,
}

/// A candidate as an explanation lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    pub agency_id: AgencyId,
    /// `None` in explanations from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_name: Option<String>,
    /// The store that the agency is told.
    pub store_id: StoreId,
    /// From its nearest store to the order, in whole metres.
    pub distance_m: u32,
    pub unstaffed_claims: u32,
    #[serde(default)]
    pub workers: Workforce,
    pub score: ScoreParts,
}

impl Explanation {
    /// From the choices in the order in which they were made; the last may have a winner.
    pub fn new(choices: &[Choice], market: &Market) -> Self {
        Self {
            policy_version: POLICY_VERSION,
            weights: market.score,
            winner: choices
                .last()
                .and_then(Choice::winner)
                .map(|winner| winner.agency.clone()),
            radii: choices.iter().map(Tried::new).collect(),
        }
    }
}

impl Tried {
    fn new(choice: &Choice) -> Self {
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
                    agency_name: Some(candidate.name.clone()),
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
