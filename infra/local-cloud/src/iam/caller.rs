//! Who made a request.

use std::collections::BTreeMap;

use super::context::Context;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The ARN as AWS shows it, for example
    /// `arn:aws:sts::123456789012:assumed-role/AgencyPolling/agy_1`.
    pub arn: String,
    /// AWS's unique id of the caller.
    pub user_id: String,
    /// Twelve digits.
    pub account: String,
    pub(super) who: Who,
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The person at the machine.
    Operator,
    /// Acts under the role with this ARN.
    Role(String),
    /// One of AWS's services, known by its principal's name, such as `events.amazonaws.com`.
    Service(String),
}

impl Caller {
    /// The operator may do everything; no policy is asked.
    pub fn is_operator(&self) -> bool {
        self.who == Who::Operator
    }

    pub(crate) fn acts_under_role(&self) -> bool {
        matches!(self.who, Who::Role(_))
    }

    /// A service that acts for itself.
    pub(crate) fn service(name: &str, account: &str) -> Self {
        Self {
            arn: name.to_owned(),
            user_id: name.to_owned(),
            account: account.to_owned(),
            who: Who::Service(name.to_owned()),
            tags: BTreeMap::new(),
        }
    }

    /// Whether a principal's ARN in a policy means this caller.
    pub(super) fn is(&self, arn: &str) -> bool {
        self.arn == arn || matches!(&self.who, Who::Role(role) if role == arn)
    }

    pub(super) fn is_service(&self, name: &str) -> bool {
        matches!(&self.who, Who::Service(service) if service == name)
    }

    pub(super) fn is_of_account(&self, account: &str) -> bool {
        !matches!(self.who, Who::Service(_)) && self.account == account
    }

    /// Tells policies' conditions and variables who calls.
    pub(super) fn add_to(&self, context: &mut Context) {
        let arn = match &self.who {
            Who::Service(_) => return,
            Who::Role(role) => role,
            Who::Operator => &self.arn,
        };
        context.insert("aws:PrincipalArn", arn.as_str());
        context.insert("aws:PrincipalAccount", self.account.as_str());
        for (key, value) in &self.tags {
            context.insert(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
    }
}
