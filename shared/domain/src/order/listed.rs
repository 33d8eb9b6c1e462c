//! Lists of orders: what is asked for, and how many orders an agency has of each kind.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::agency::{Store, nearest_store};
use crate::geo::Area;
use crate::id::{OrderId, StoreId, WorkerId};
use crate::market::FURTHEST_START;
use crate::service::Service;
use crate::time::{Day, Millis};

use super::view::EndedView;
use super::{ClaimEnd, Order, Status};

/// How long after the day of its visit an agency can lose a claim: a visit takes a day at most, and it is ended a day later.
const LAST_LOST: Duration = Duration::from_secs(3 * 86_400);

/// Where an order stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Has(Status),
    /// The agency has lost its claim.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a status of orders, or lost")]
pub struct NotATab;

impl Tab {
    /// Those that an agency's orders can stand in.
    const OF_AGENCIES: [Self; 7] = [
        Self::Has(Status::Claimed),
        Self::Has(Status::Staffed),
        Self::Has(Status::InService),
        Self::Has(Status::Completed),
        Self::Has(Status::Rated),
        Self::Has(Status::Cancelled),
        Self::Lost,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Has(status) => status.as_str(),
            Self::Lost => "lost",
        }
    }
}

impl FromStr for Tab {
    type Err = NotATab;

    fn from_str(text: &str) -> Result<Self, NotATab> {
        match text {
            "lost" => Ok(Self::Lost),
            _ => Status::named(text).map(Self::Has).ok_or(NotATab),
        }
    }
}

/// An agency's claim on an order, as far as its list has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedClaim {
    pub order: OrderId,
    /// When it was made, or lost.
    pub at: Millis,
    /// The order's; `None` once the claim is lost.
    pub status: Option<Status>,
    pub start_at: Option<Millis>,
    pub area: Option<Area>,
    pub worker: Option<WorkerId>,
    /// Why it is lost.
    pub end: Option<ClaimEnd>,
}

impl ListedClaim {
    pub fn tab(&self) -> Tab {
        self.status.map_or(Tab::Lost, Tab::Has)
    }

    pub fn ended(&self) -> Option<EndedView> {
        let at = self.at;
        self.end.map(|reason| EndedView { reason, at })
    }
}

/// What a list is asked for; `None` is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub tab: Option<Tab>,
    /// Of the visit.
    pub day: Option<Day>,
    /// The agency's store that is nearest to the order's area.
    pub store: Option<StoreId>,
    pub worker: Option<WorkerId>,
}

impl Wanted {
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it may be wanted, whatever tab it is in. A claim does not say of what service its order is, so where stores have
    /// services of their own, it is wanted of each that is the nearest for some service.
    pub fn fits(&self, claim: &ListedClaim, stores: &[Store]) -> bool {
        let possible = if have_own_services(stores) {
            Service::ALL
        } else {
            &Service::ALL[..1]
        };
        let area = claim.area.as_ref();
        let is_near = area.is_some_and(|area| {
            let mut possible = possible.iter();
            possible.any(|service| self.is_of_store(stores, area, *service))
        });
        self.is_on_day(claim.start_at)
            && (self.store.is_none() || is_near)
            && (self.worker.is_none() || self.worker == claim.worker)
    }

    /// Whether an order there is the wanted store's, if one is wanted.
    pub fn is_of_store(&self, stores: &[Store], area: &Area, service: Service) -> bool {
        self.store.as_ref().is_none_or(|store| {
            let nearest = nearest_store(stores, area, service);
            nearest.is_some_and(|nearest| nearest.store == *store)
        })
    }

    /// Whether each that fits is wanted.
    pub fn is_exact(&self, stores: &[Store]) -> bool {
        self.store.is_none() || !have_own_services(stores)
    }

    pub fn fits_tab(&self, tab: Tab) -> bool {
        self.tab.is_none_or(|wanted| wanted == tab)
    }

    /// Whether a customer wants it in the list of their own.
    pub fn fits_order(&self, order: &Order) -> bool {
        self.is_on_day(Some(order.start_at)) && self.fits_tab(Tab::Has(order.status()))
    }

    fn is_on_day(&self, start_at: Option<Millis>) -> bool {
        let is_on = |day: Day| start_at.is_some_and(|at| (day.begins()..day.ends()).contains(&at));
        self.day.is_none_or(is_on)
    }

    /// When claims of what is wanted were made or lost.
    pub fn claimed_within(&self) -> Option<(Millis, Millis)> {
        let day = self.day?;
        Some((day.begins() - FURTHEST_START, day.ends() + LAST_LOST))
    }
}

fn have_own_services(stores: &[Store]) -> bool {
    stores.iter().any(|store| !store.services.is_empty())
}

/// How many orders of an agency stand where.
#[derive(Clone, Debug, Serialize)]
pub struct TabCounts {
    #[serde(flatten)]
    of: BTreeMap<&'static str, u32>,
    /// Whether these are all, and each is wanted. If not, older ones may not have been counted.
    pub exact: bool,
}

impl Default for TabCounts {
    fn default() -> Self {
        let tabs = Tab::OF_AGENCIES.map(|tab| (tab.as_str(), 0));
        Self {
            of: tabs.into(),
            exact: false,
        }
    }
}

impl TabCounts {
    pub fn add(&mut self, tab: Tab) {
        *self.of.entry(tab.as_str()).or_default() += 1;
    }
}
