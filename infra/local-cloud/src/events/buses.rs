//! Event buses and the rules that send events to queues. Not in the journal: the embedding program gives
//! them at every start.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern::Pattern;
use crate::names::Names;
use crate::refusal::Refusal;

struct Rule {
    pattern: Pattern,
    /// ARNs of queues.
    targets: Vec<String>,
}

/// A delivery of an event to a target.
pub(crate) struct Delivery {
    pub(crate) rule_arn: String,
    pub(crate) target_arn: String,
}

/// All buses of the account, and their rules by name.
pub(crate) struct Buses {
    names: Names,
    buses: BTreeMap<String, BTreeMap<String, Rule>>,
}

impl Buses {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            buses: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, bus: &str) {
        self.buses.entry(bus.to_owned()).or_default();
    }

    /// Makes a rule, or replaces the one of this name.
    pub(crate) fn put_rule(
        &mut self,
        bus: &str,
        name: &str,
        pattern: &Value,
        targets: Vec<String>,
    ) -> Result<(), Refusal> {
        let pattern = Pattern::read(pattern)?;
        let rules = self.buses.get_mut(bus).ok_or_else(|| no_bus(bus))?;
        rules.insert(name.to_owned(), Rule { pattern, targets });
        Ok(())
    }

    /// The deliveries of an event on a bus.
    pub(crate) fn deliveries(&self, bus: &str, event: &Value) -> Result<Vec<Delivery>, Refusal> {
        let rules = self.buses.get(bus).ok_or_else(|| no_bus(bus))?;
        let rules = rules.iter().filter(|(_, rule)| rule.pattern.matches(event));
        let deliveries = rules.flat_map(|(name, rule)| {
            rule.targets.iter().map(|target| Delivery {
                rule_arn: self.names.rule(bus, name),
                target_arn: target.clone(),
            })
        });
        Ok(deliveries.collect())
    }
}

fn no_bus(name: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        format!("Event bus {name} does not exist."),
    )
}
