//! Where what is in the table `orders`: everything of an order has its id as partition key. Only codes of workers' phones
//! have partitions of their own, since an order must see that another one used them.

use domain::id::{AgencyCustomerId, AgencyId, BadgeId, CustomerId, OrderId, WorkerId};
use domain::time::Millis;

use super::Orders;
use crate::Error;
use crate::table::{Index, ItemKey, Key, Partition};

/// Sort key of an order's own item.
pub(super) const ORDER: &str = "order";
/// Sort key of what an agency's claims come to.
pub(super) const COUNTS: &str = "counts";
/// What sort keys of claims that agencies have lost begin with.
const LOST: &str = "lost#";
/// What sort keys of visits that workers were named for and do not make begin with.
const LOST_VISIT: &str = "unnamed#";
/// Sort key of an order's sealed details.
pub(super) const DETAILS: &str = "details";
/// Sort key of what the customer says of the visit.
const RATING: &str = "rating";
/// Sort key of an order's complaint, and what those begin with by which it is found.
pub(super) const COMPLAINT: &str = "complaint";
/// What sort keys of explanations begin with.
const EXPLANATION: &str = "explanation#";
/// Sort key of a customer's wish to be erased.
pub(super) const ERASURE: &str = "erasure";
/// Sort key of a customer's quota.
pub(super) const QUOTA: &str = "quota";
/// What sort keys of an agency's customers begin with.
const CUSTOMER: &str = "customer#";
/// Sort key of what says that a rating counted.
pub(super) const RATER: &str = "rater";

pub(super) static BY_CUSTOMER: Index<Orders> = Index::new("by-customer", "cu", "pa", is_order);
pub(super) static BY_AGENCY: Index<Orders> = Index::new("by-agency", "ca", "ct", |key| {
    parse_order(&key.pk).is_ok() && (key.sk == ORDER || key.sk.starts_with(LOST))
});

pub(super) static BY_WORKER: Index<Orders> = Index::new("by-worker", "wo", "sa", |key| {
    parse_order(&key.pk).is_ok() && (key.sk == ORDER || key.sk.starts_with(LOST_VISIT))
});

pub(super) static ON_OFFER: Index<Orders> = Index::new("on-offer", "oc", "dl", is_order);

pub(super) static COMPLAINTS: Index<Orders> = Index::new("complaints", "cl", "at", |key| {
    parse_order(&key.pk).is_ok() && key.sk.starts_with(COMPLAINT)
});

pub(super) static SERVED: Index<Orders> =
    Index::new("served", "cg", "lv", |key| parse_customer(key).is_ok());

impl Key<Orders> {
    pub(super) fn order(order: &OrderId) -> Self {
        Self::new(order.bare(), ORDER)
    }

    pub(super) fn details(order: &OrderId) -> Self {
        Self::new(order.bare(), DETAILS)
    }

    /// That this agency has lost its claim of an order; by it the order stays in the agency's list.
    pub(super) fn lost(order: &OrderId, agency: &AgencyId) -> Self {
        Self::new(order.bare(), format!("{LOST}{}", agency.bare()))
    }

    /// That this worker is not named for the order any more; by it the order stays in her list.
    pub(super) fn lost_visit(order: &OrderId, worker: &WorkerId) -> Self {
        Self::new(order.bare(), format!("{LOST_VISIT}{}", worker.bare()))
    }

    /// What a customer has placed lately; of no order in particular.
    pub(super) fn quota(customer: &CustomerId) -> Self {
        Self::new(format!("C#{}", customer.bare()), QUOTA)
    }

    /// That a customer's rating of an agency counted, by a hash of the agency and who the customer is.
    pub(super) fn rater(hash: &str) -> Self {
        Self::new(format!("R#{hash}"), RATER)
    }

    /// What an agency has been assigned lately; of no order in particular.
    pub(super) fn assignments(agency: &AgencyId) -> Self {
        Self::new(format!("A#{}", agency.bare()), "assignments")
    }

    /// What an agency's claims come to; of no order in particular.
    pub(super) fn counts(agency: &AgencyId) -> Self {
        Self::new(format!("A#{}", agency.bare()), COUNTS)
    }

    /// A customer as this agency has them; of no order in particular.
    pub(super) fn customer(agency: &AgencyId, customer: &AgencyCustomerId) -> Self {
        let sk = format!("{CUSTOMER}{}", customer.bare());
        Self::new(format!("A#{}", agency.bare()), sk)
    }

    /// That a customer wants to be erased; of no order in particular.
    pub(super) fn erasure(customer: &CustomerId) -> Self {
        Self::new(format!("U#{}", customer.bare()), ERASURE)
    }

    pub(super) fn explanation(order: &OrderId, epoch: u32, at: Millis) -> Self {
        Self::new(order.bare(), format!("{EXPLANATION}{epoch}#{}", at.0))
    }

    /// By the sort key that an order names its explanation by.
    pub(super) fn named_explanation(order: &OrderId, name: &str) -> Self {
        Self::new(order.bare(), name)
    }

    /// What the customer says of the visit.
    pub(super) fn rating(order: &OrderId) -> Self {
        Self::new(order.bare(), RATING)
    }

    pub(super) fn complaint(order: &OrderId) -> Self {
        Self::new(order.bare(), COMPLAINT)
    }

    /// By which the agency finds the complaint.
    pub(super) fn agencys_complaint(order: &OrderId) -> Self {
        Self::new(order.bare(), format!("{COMPLAINT}#agency"))
    }

    /// By which the customer finds the complaint.
    pub(super) fn customers_complaint(order: &OrderId) -> Self {
        Self::new(order.bare(), format!("{COMPLAINT}#customer"))
    }

    /// A code of a worker's phone that was used.
    pub(super) fn used_code(badge: &BadgeId, step: u32) -> Self {
        Self::new(format!("code#{}#{step}", badge.bare()), "code")
    }

    /// That a version of an order has been counted for its agency.
    pub(super) fn counted(order: &OrderId, version: u64) -> Self {
        Self::new(order.bare(), format!("counted#{version}"))
    }
}

impl Partition<Orders> {
    /// Everything of one order.
    pub(super) fn order(order: &OrderId) -> Self {
        Self::new(order.bare(), "")
    }
}

/// Whether what is here says where the home is, who lives there, or what the customer thinks.
pub(super) fn is_personal(key: &ItemKey) -> bool {
    [DETAILS, RATING].contains(&key.sk.as_str())
        || key.sk.starts_with(EXPLANATION)
        || key.sk.starts_with(COMPLAINT)
}

fn is_order(key: &ItemKey) -> bool {
    key.sk == ORDER && parse_order(&key.pk).is_ok()
}

pub(super) fn parse_order(pk: &str) -> Result<OrderId, Error> {
    OrderId::from_bare(pk).map_err(|_| Error::wrong("its key is not an order's"))
}

pub(super) fn parse_customer(key: &ItemKey) -> Result<AgencyCustomerId, Error> {
    let bare = key.sk.strip_prefix(CUSTOMER).unwrap_or_default();
    AgencyCustomerId::from_bare(bare).map_err(|_| Error::wrong("its key is not a customer's"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_data_model_says() {
        let order = OrderId::from_bytes(&[0; 16]);
        let code = Key::used_code(&BadgeId::from_bytes(&[0; 8]), 7);
        assert_eq!(code.to_string(), "code#0000000000000#7 code");
        for (key, sk) in [
            (Key::order(&order), "order"),
            (Key::details(&order), "details"),
            (
                Key::explanation(&order, 2, Millis(1500)),
                "explanation#2#1500",
            ),
        ] {
            assert_eq!(key.to_string(), format!("00000000000000000000000000 {sk}"));
        }
        assert!(parse_order("C#yb4h2").is_err());
        let customer = AgencyCustomerId::from_bytes(&[0; 16]);
        let key = Key::customer(&AgencyId::from_bytes(&[0; 16]), &customer);
        let zeros = "0".repeat(26);
        assert_eq!(key.to_string(), format!("A#{zeros} customer#{zeros}"));
        assert_eq!(parse_customer(&key.into_inner()).unwrap(), customer);
    }
}
