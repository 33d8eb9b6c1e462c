//! The services that agencies offer and customers order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Service {
            $($(#[$doc])* $name,)+
        }

        impl Service {
            /// The place in this list is the service's bit in a [`ServiceSet`], so new ones go to the end.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Used in requests, answers and stored items.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

services! {
    /// 日常保洁
    Cleaning = "cleaning",
    /// 深度保洁
    DeepCleaning = "deep_cleaning",
    /// 家电清洗
    ApplianceCleaning = "appliance_cleaning",
    /// 做饭
    Cooking = "cooking",
    /// 育儿
    Childcare = "childcare",
    /// 月嫂
    MaternityCare = "maternity_care",
    /// 养老护理
    ElderCare = "elder_care",
    /// 住家
    LiveIn = "live_in",
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be one of cleaning, deep_cleaning, appliance_cleaning, cooking, childcare, maternity_care, elder_care, live_in"
)]
pub struct NotAService;

impl Service {
    /// Whether it is care of somebody's body, for which the worker's sex can be wished.
    pub fn is_personal_care(self) -> bool {
        matches!(self, Self::MaternityCare | Self::ElderCare | Self::LiveIn)
    }

    /// Its bit in a [`ServiceSet`].
    pub fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = NotAService;

    fn from_str(text: &str) -> Result<Self, NotAService> {
        let named = Self::ALL.iter().find(|service| service.as_str() == text);
        named.copied().ok_or(NotAService)
    }
}

impl TryFrom<String> for Service {
    type Error = NotAService;

    fn try_from(text: String) -> Result<Self, NotAService> {
        text.parse()
    }
}

impl From<Service> for &'static str {
    fn from(service: Service) -> Self {
        service.as_str()
    }
}

/// A set of services: a list of their names in JSON, a bit mask in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Service>", into = "Vec<Service>")]
pub struct ServiceSet(u16);

impl ServiceSet {
    pub const EMPTY: Self = Self(0);

    pub fn all() -> Self {
        Service::ALL.iter().copied().collect()
    }

    /// Bits that belong to no service are dropped.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits & Self::all().0)
    }

    pub fn bits(self) -> u16 {
        self.0
    }

    pub fn contains(self, service: Service) -> bool {
        self.0 & service.bit() != 0
    }

    /// What is in both.
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// In the order of [`Service::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Service> {
        let all = Service::ALL.iter().copied();
        all.filter(move |service| self.contains(*service))
    }
}

impl FromIterator<Service> for ServiceSet {
    fn from_iter<I: IntoIterator<Item = Service>>(services: I) -> Self {
        Self(
            services
                .into_iter()
                .fold(0, |bits, service| bits | service.bit()),
        )
    }
}

impl From<Vec<Service>> for ServiceSet {
    fn from(services: Vec<Service>) -> Self {
        services.into_iter().collect()
    }
}

impl From<ServiceSet> for Vec<Service> {
    fn from(set: ServiceSet) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_its_name_and_its_bit() {
        assert_eq!(Service::ALL.len(), 8);
        for (place, service) in Service::ALL.iter().enumerate() {
            assert_eq!(service.as_str().parse(), Ok(*service));
            assert_eq!(service.bit(), 1 << place);
            assert!(NotAService.to_string().contains(service.as_str()));
        }
        let json = serde_json::to_string(&Service::DeepCleaning).unwrap();
        assert_eq!(json, r#""deep_cleaning""#);
        let error = serde_json::from_str::<Service>(r#""gardening""#).unwrap_err();
        assert!(error.to_string().starts_with("must be one of cleaning"));
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: ServiceSet = [Service::LiveIn, Service::Cleaning, Service::Cleaning]
            .into_iter()
            .collect();
        assert_eq!(set.bits(), 0b1000_0001);
        assert_eq!(set.len(), 2);
        assert!(set.contains(Service::LiveIn) && !set.contains(Service::Cooking));
        assert_eq!(ServiceSet::from_bits(u16::MAX), ServiceSet::all());
        assert!(ServiceSet::from_bits(0x8000).is_empty());
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["cleaning","live_in"]"#);
        assert_eq!(serde_json::from_str::<ServiceSet>(&json).unwrap(), set);
    }
}
