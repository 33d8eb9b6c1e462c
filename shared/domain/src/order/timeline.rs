//! What happened to an order, when, by whom, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AgencyId, NotAnId};
use crate::time::Millis;

/// One line of an order's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    pub at: Millis,
    pub what: What,
    pub by: By,
    pub why: Option<String>,
    pub epoch: u32,
}

macro_rules! what {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What can happen to an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum What {
            $($(#[$doc])* $name,)+
        }

        impl What {
            /// All that can happen.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in answers.
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
    /// It was offered to the agencies in range.
    Offered = "offered",
    /// An agency got it, by grabbing it or by the platform's choice.
    Claimed = "claimed",
    Staffed = "staffed",
    /// The worker came.
    Started = "started",
    /// The visit is over.
    Completed = "completed",
    Rated = "rated",
    Released = "released",
    /// The agency did not name a worker in time.
    StaffingMissed = "staffing_missed",
    Reopened = "reopened",
    Cancelled = "cancelled",
    /// No agency was found.
    Unfilled = "unfilled",
}

impl What {
    /// What has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|w| w.as_str() == name)
    }
}

/// Who did something to an order: `customer`, `platform`, or an agency's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum By {
    /// The customer who placed it.
    Customer,
    /// The platform by itself.
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
