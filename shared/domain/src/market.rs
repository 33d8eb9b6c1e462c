//! A market: the settings of one city, and the deadlines that follow from them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agency::PaperKind;
use crate::catalogue::Catalogue;
use crate::credit::CreditRules;
use crate::geo::Wgs84;
use crate::service::ServiceSet;
use crate::time::Millis;

/// The shortest grab window of a real market, in seconds.
pub const SHORTEST_REAL_WINDOW_S: u32 = 120;

/// The shortest grab window that a demo on one machine may have, in seconds.
pub const SHORTEST_WINDOW_S: u32 = 5;

/// The highest that a cap on an agency's claims can be: so many orders are counted.
pub const HIGHEST_CAP: u32 = 200;

/// A cap that is lifted.
const NO_CAP: u32 = u32::MAX;

/// How far ahead an order can be placed.
pub const FURTHEST_START: Duration = Duration::from_secs(60 * 24 * 3600);

/// The settings of one city. In JSON, a missing setting has its usual value, and unknown names are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Market {
    pub name: String,
    /// Agencies with a store within this many metres are offered an order.
    pub radius_m: u32,
    /// How long an order is on offer before an agency is assigned, in seconds.
    pub grab_window_s: u32,
    /// The wider radii that are tried when nobody is in range, in metres, ascending.
    pub widening_m: Vec<u32>,
    /// A grab window ends at least this long before the visit, in seconds.
    pub lead_time_s: u32,
    /// How long a claiming agency has to name the worker, in seconds.
    pub staffing_window_s: u32,
    /// How long a worker needs from one visit to the next, in seconds.
    pub travel_time_s: u32,
    /// If nobody has come, or nobody has said that the visit is over, it is ended this long after its end, in seconds.
    pub visit_grace_s: u32,
    /// An agency with this many unstaffed claims is not assigned another; it may still grab.
    pub assignment_cap: u32,
    /// An agency with this many unstaffed claims by grab cannot grab another.
    pub unstaffed_cap: u32,
    /// An agency that has given up this many claims on a day cannot grab any more on it.
    pub given_up_cap: u32,
    /// How many orders' details an agency can open on a day, by naming workers.
    pub disclosure_cap: u32,
    /// A customer has at most this many orders on offer at once; above 50, any number.
    pub open_orders_cap: u32,
    /// A customer places at most this many orders a day.
    pub daily_orders_cap: u32,
    /// More wrong secrets of an access key from one address than this, within a quarter of an hour, are refused as such.
    pub wrong_secrets_cap: u32,
    /// How long after a login code another one can be sent to the same phone, in seconds.
    pub phone_code_wait_s: u32,
    /// At most this many login codes are sent to a phone a day.
    pub daily_phone_codes_cap: u32,
    /// An agency records at most so many complaints about a worker within 24 hours, and as many temperatures of her.
    pub daily_entries_cap: u32,
    /// An agency proposes at most so many changes of a worker within 24 hours, and brings at most so many papers of its own.
    pub daily_changes_cap: u32,
    /// In how many epochs an order is on offer. In later ones it is assigned at once.
    pub offered_epochs: u32,
    /// How many epochs an order has before it ends unfilled. Those that a suspension ended count neither here nor there.
    pub max_epochs: u32,
    /// How old a worker is at least when she is registered, in full years.
    pub youngest_worker: i16,
    /// How old a worker is at most when she is registered, in full years.
    pub oldest_worker: i16,
    /// How long it can be called off that one's data is erased, in seconds.
    pub erasure_delay_s: u32,
    /// How long after an order's end its customer can complain, in seconds.
    pub complaint_window_s: u32,
    /// How long an agency has to answer a complaint before the authority decides without, in seconds.
    pub complaint_answer_s: u32,
    /// Where orders can be placed; `None` is anywhere.
    pub bounds: Option<Bounds>,
    /// The papers without which no agency is approved here.
    pub required_papers: Vec<PaperKind>,
    /// The services that can be ordered here.
    pub services: ServiceSet,
    /// How they are described, and what can be wished for with them.
    pub catalogue: Catalogue,
    /// The weights by which an agency is chosen.
    pub score: ScoreWeights,
    /// How long each section of a credit record holds, and which services require it.
    pub credit: CreditRules,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            name: "harbin".to_owned(),
            radius_m: 5_000,
            grab_window_s: 180,
            widening_m: vec![10_000, 20_000],
            lead_time_s: 600,
            staffing_window_s: 1_800,
            travel_time_s: 1_800,
            visit_grace_s: 7_200,
            assignment_cap: 20,
            unstaffed_cap: 10,
            given_up_cap: 5,
            disclosure_cap: 100,
            open_orders_cap: 5,
            daily_orders_cap: 20,
            wrong_secrets_cap: 10,
            phone_code_wait_s: 60,
            daily_phone_codes_cap: 10,
            daily_entries_cap: 10,
            daily_changes_cap: 20,
            offered_epochs: 5,
            max_epochs: 20,
            youngest_worker: 18,
            oldest_worker: 70,
            erasure_delay_s: 259_200,
            complaint_window_s: 2_592_000,
            complaint_answer_s: 604_800,
            bounds: None,
            required_papers: Vec::new(),
            services: ServiceSet::all(),
            catalogue: Catalogue::default(),
            score: ScoreWeights::default(),
            credit: CreditRules::default(),
        }
    }
}

/// A stretch of the Earth between two corners; where the western one lies east of the other, across the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub south_west: Wgs84,
    pub north_east: Wgs84,
}

impl Bounds {
    pub fn contain(&self, place: Wgs84) -> bool {
        let (from, to) = (self.south_west.lon(), self.north_east.lon());
        let (is_east, is_west) = (place.lon() >= from, place.lon() <= to);
        (self.south_west.lat()..=self.north_east.lat()).contains(&place.lat())
            && if from <= to {
                is_east && is_west
            } else {
                is_east || is_west
            }
    }
}

/// How much each part of a score counts. Only the proportions matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreWeights {
    /// The star rating.
    pub stars: u32,
    /// The share of workers with the skill who pass the gate.
    pub credit: u32,
    /// The share of ended claims that were completed.
    pub completion: u32,
    /// How near the store is, in proportion to the radius.
    pub distance: u32,
    /// How far the agency is from the cap of unstaffed claims.
    pub load: u32,
    /// How many of the customer's wishes one of its workers fulfils.
    pub wishes: u32,
    /// Whether its store is open all through the visit.
    pub open: u32,
}

impl Default for ScoreWeights {
    fn default() -> Self {
        Self {
            stars: 30,
            credit: 20,
            completion: 20,
            distance: 20,
            load: 10,
            wishes: 20,
            open: 10,
        }
    }
}

impl ScoreWeights {
    /// The sum of all weights.
    pub fn sum(&self) -> u64 {
        [
            self.stars,
            self.credit,
            self.completion,
            self.distance,
            self.load,
            self.wishes,
            self.open,
        ]
        .into_iter()
        .map(u64::from)
        .sum()
    }
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketFault {
    #[error("it is not a market's settings: {0}")]
    NotAMarket(String),
    #[error("{setting} must be {must_be}")]
    Setting {
        setting: &'static str,
        must_be: String,
    },
}

/// Why an order cannot start at the time wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartFault {
    #[error("must be in the future")]
    Past,
    /// No time is left to find an agency.
    #[error("must be more than {} minutes from now", .lead_time_s.div_ceil(60))]
    TooSoon {
        /// The market's lead time, in seconds.
        lead_time_s: u32,
    },
    #[error("must be within 60 days from now")]
    TooFar,
}

impl Market {
    /// Whether orders can be placed here.
    pub fn serves(&self, place: Wgs84) -> bool {
        self.bounds.is_none_or(|bounds| bounds.contain(place))
    }

    /// Reads and checks the setting `MARKET`.
    pub fn from_json(text: &str) -> Result<Self, MarketFault> {
        let market: Self = serde_json::from_str(text)
            .map_err(|error| MarketFault::NotAMarket(error.to_string()))?;
        market.validate(SHORTEST_WINDOW_S)?;
        Ok(market)
    }

    /// Checks that the settings make sense, with a grab window of at least `shortest_window_s` seconds. The first
    /// setting that does not is named.
    pub fn validate(&self, shortest_window_s: u32) -> Result<(), MarketFault> {
        let require = |holds: bool, setting: &'static str, must_be: &str| {
            holds.then_some(()).ok_or_else(|| MarketFault::Setting {
                setting,
                must_be: must_be.to_owned(),
            })
        };
        let name_is_usable = (1..=40).contains(&self.name.len())
            && self
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        require(name_is_usable, "name", "1 to 40 of a to z, 0 to 9 and -")?;
        require(
            (100..=20_000).contains(&self.radius_m),
            "radius_m",
            "100 to 20000",
        )?;
        require(
            (shortest_window_s..=900).contains(&self.grab_window_s),
            "grab_window_s",
            &format!("{shortest_window_s} to 900"),
        )?;
        let radii: Vec<u32> = self.radii().collect();
        require(
            radii.is_sorted_by(|a, b| a < b) && radii.iter().all(|radius| *radius <= 50_000),
            "widening_m",
            "ascending, wider than radius_m, at most 50000",
        )?;
        let is_ordered = |bounds: Bounds| bounds.south_west.lat() <= bounds.north_east.lat();
        require(
            self.bounds.is_none_or(is_ordered),
            "bounds",
            "a south-western corner and a north-eastern one",
        )?;
        require(
            (60..=86_400).contains(&self.lead_time_s),
            "lead_time_s",
            "60 to 86400",
        )?;
        require(
            (60..=86_400).contains(&self.staffing_window_s),
            "staffing_window_s",
            "60 to 86400",
        )?;
        require(
            self.phone_code_wait_s <= 3_600,
            "phone_code_wait_s",
            "0 to 3600",
        )?;
        require(self.travel_time_s <= 14_400, "travel_time_s", "0 to 14400")?;
        require(
            (600..=86_400).contains(&self.visit_grace_s),
            "visit_grace_s",
            "600 to 86400",
        )?;
        require(
            (1..=1_000).contains(&self.assignment_cap),
            "assignment_cap",
            "1 to 1000",
        )?;
        for (setting, cap) in [
            ("open_orders_cap", self.open_orders_cap),
            ("daily_orders_cap", self.daily_orders_cap),
            ("wrong_secrets_cap", self.wrong_secrets_cap),
            ("daily_phone_codes_cap", self.daily_phone_codes_cap),
            ("daily_entries_cap", self.daily_entries_cap),
            ("daily_changes_cap", self.daily_changes_cap),
        ] {
            require(cap > 0, setting, "at least 1")?;
        }
        for (setting, cap) in [
            ("unstaffed_cap", self.unstaffed_cap),
            ("given_up_cap", self.given_up_cap),
            ("disclosure_cap", self.disclosure_cap),
        ] {
            let makes_sense = (1..=HIGHEST_CAP).contains(&cap) || cap == NO_CAP;
            require(makes_sense, setting, &format!("1 to {HIGHEST_CAP}"))?;
        }
        require((1..=40).contains(&self.max_epochs), "max_epochs", "1 to 40")?;
        require(
            (1..=self.max_epochs).contains(&self.offered_epochs),
            "offered_epochs",
            "1 to max_epochs",
        )?;
        // The Labour Law, article 15, allows nobody under 16 to be employed.
        require(
            (16..=self.oldest_worker).contains(&self.youngest_worker),
            "youngest_worker",
            "16 to oldest_worker",
        )?;
        require(self.oldest_worker <= 100, "oldest_worker", "at most 100")?;
        require(
            (1..=2_592_000).contains(&self.erasure_delay_s),
            "erasure_delay_s",
            "1 to 2592000",
        )?;
        // What was said goes 180 days after the order's end: some of them are left to decide in.
        require(
            (3_600..=5_184_000).contains(&self.complaint_window_s),
            "complaint_window_s",
            "3600 to 5184000",
        )?;
        require(
            (3_600..=5_184_000).contains(&self.complaint_answer_s),
            "complaint_answer_s",
            "3600 to 5184000",
        )?;
        require(!self.services.is_empty(), "services", "at least one")?;
        let catalogue = self.catalogue.fault();
        require(
            catalogue.is_none(),
            "catalogue",
            catalogue.unwrap_or_default(),
        )?;
        require(
            (1..=1_000).contains(&self.score.sum()),
            "score",
            "weights with a sum of 1 to 1000",
        )
    }

    /// Without the caps that keep people from flooding and harvesting, for trying things on one machine.
    #[must_use]
    pub fn without_caps(self) -> Self {
        Self {
            unstaffed_cap: NO_CAP,
            given_up_cap: NO_CAP,
            disclosure_cap: NO_CAP,
            open_orders_cap: NO_CAP,
            daily_orders_cap: NO_CAP,
            wrong_secrets_cap: NO_CAP,
            phone_code_wait_s: 0,
            daily_phone_codes_cap: NO_CAP,
            daily_entries_cap: NO_CAP,
            daily_changes_cap: NO_CAP,
            ..self
        }
    }

    /// The market's radius and then the wider ones, in metres, as they are tried.
    pub fn radii(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.radius_m).chain(self.widening_m.iter().copied())
    }

    /// When a grab window that opens now closes: after its full length, or the lead time before the visit if that is
    /// earlier. `None` when that is not after now.
    pub fn grab_deadline(&self, now: Millis, start_at: Millis) -> Option<Millis> {
        let window_ends = now + seconds(self.grab_window_s);
        let latest = start_at - seconds(self.lead_time_s);
        Some(window_ends.min(latest)).filter(|deadline| *deadline > now)
    }

    /// By when an agency that claims now must name the worker: within the staffing window, and before the visit.
    pub fn staff_by(&self, now: Millis, start_at: Millis) -> Millis {
        (now + seconds(self.staffing_window_s)).min(start_at)
    }

    pub fn erasure_delay(&self) -> Duration {
        seconds(self.erasure_delay_s)
    }

    pub fn phone_code_wait(&self) -> Duration {
        seconds(self.phone_code_wait_s)
    }

    pub fn complaint_window(&self) -> Duration {
        seconds(self.complaint_window_s)
    }

    pub fn complaint_answer_time(&self) -> Duration {
        seconds(self.complaint_answer_s)
    }

    pub fn travel_time(&self) -> Duration {
        seconds(self.travel_time_s)
    }

    /// When the platform ends a visit that nobody came to or said to be over.
    pub fn visit_by(&self, ends_at: Millis) -> Millis {
        ends_at + seconds(self.visit_grace_s)
    }

    /// Whether a visit that is ordered now can start at this time.
    pub fn check_start(&self, now: Millis, start_at: Millis) -> Result<(), StartFault> {
        if start_at <= now {
            Err(StartFault::Past)
        } else if start_at > now + FURTHEST_START {
            Err(StartFault::TooFar)
        } else if self.grab_deadline(now, start_at).is_none() {
            Err(StartFault::TooSoon {
                lead_time_s: self.lead_time_s,
            })
        } else {
            Ok(())
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

#[cfg(test)]
mod tests;
