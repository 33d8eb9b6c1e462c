//! An order's timeline: what happened, when, by whom, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, MemberId, NotAnId};
use crate::time::Millis;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    pub at: Millis,
    pub what: What,
    pub by: By,
    /// Who of the agency did it; not known of what was done before members had ids.
    pub member: Option<MemberId>,
    pub why: Option<String>,
    pub epoch: u32,
}

impl TimelineEntry {
    /// Done by this member, if it was done by an agency.
    pub fn by_member(self, member: &MemberId) -> Self {
        let is_theirs = matches!(self.by, By::Agency(_));
        Self {
            member: is_theirs.then(|| member.clone()),
            ..self
        }
    }

    /// Of an offer, what its `why` says.
    pub fn asked(&self) -> Option<Asked> {
        let why = self.why.as_ref().filter(|_| self.what == What::Offered)?;
        let (agencies, rest) = why.split_once(" agencies within ")?;
        Some(Asked {
            agencies: agencies.parse().ok()?,
            radius_m: rest.strip_suffix(" m")?.parse().ok()?,
        })
    }
}

/// Who was asked to take an order: so many agencies, as far away as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub agencies: u32,
    pub radius_m: u32,
}

/// As the timeline keeps it.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} agencies within {} m", self.agencies, self.radius_m)
    }
}

macro_rules! what {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum What {
            $($(#[$doc])* $name,)+
        }

        impl What {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

what! {
    Placed = "placed",
    /// Agencies in range got offers.
    Offered = "offered",
    /// An agency grabbed it, or the platform assigned it.
    Claimed = "claimed",
    Staffed = "staffed",
    /// The badge check matched.
    Started = "started",
    Completed = "completed",
    Rated = "rated",
    Released = "released",
    /// The agency named no worker in time, and lost the claim.
    StaffingMissed = "staffing_missed",
    /// The agency that had the claim was suspended, and lost it.
    AgencySuspended = "agency_suspended",
    /// The named worker cannot come any more: the agency names another.
    Unstaffed = "unstaffed",
    Reopened = "reopened",
    Cancelled = "cancelled",
    Unfilled = "unfilled",
}

impl What {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|w| w.as_str() == name)
    }
}

/// Who did it: `customer`, `platform`, or an agency's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum By {
    Customer,
    Platform,
    Agency(AgencyId),
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer => f.write_str("customer"),
            Self::Platform => f.write_str("platform"),
            Self::Agency(id) => id.fmt(f),
        }
    }
}

impl FromStr for By {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text {
            "customer" => Ok(Self::Customer),
            "platform" => Ok(Self::Platform),
            id => id.parse().map(Self::Agency),
        }
    }
}

impl TryFrom<String> for By {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<By> for String {
    fn from(by: By) -> Self {
        by.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_json_and_in_items() {
        for what in What::ALL {
            assert_eq!(What::named(what.as_str()), Some(*what));
            let json = serde_json::to_string(what).unwrap();
            assert_eq!(json, format!("\"{}\"", what.as_str()));
        }
        let agency = By::Agency(AgencyId::from_bytes(&[0; 16]));
        for by in [By::Customer, By::Platform, agency] {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        assert!("somebody".parse::<By>().is_err());
    }
}
