//! Event buses, their rules and targets.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::Pattern;
use super::transformer::Transformer;
use crate::error::Error;
use crate::journal::{self, Kind};
use crate::names::Names;
use crate::refusal::Refusal;
use crate::transaction::Transaction;

/// The bus that is there without being created.
pub(super) const DEFAULT_BUS: &str = "default";

/// A bus and when it was made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Bus {
    pub(super) created_at: i64,
}

/// A rule as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) pattern: String,
    pub(super) description: Option<String>,
    pub(super) targets: BTreeMap<String, Target>,
}

/// A target of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(super) arn: String,
    pub(super) transformer: Option<Transformer>,
    /// Whether the queue's policy is asked; not for an operator's experiments.
    pub(super) asks_policy: bool,
}

/// One delivery that an event gives rise to.
pub(crate) struct Delivery {
    pub(crate) rule_arn: String,
    pub(crate) target_arn: String,
    pub(crate) body: String,
    pub(crate) asks_policy: bool,
}

type Key = (String, String);

/// All buses and rules of the account.
pub(crate) struct Buses {
    names: Names,
    buses: BTreeMap<String, Bus>,
    rules: BTreeMap<Key, (Rule, Pattern)>,
}

impl Buses {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names,
            buses: BTreeMap::from([(DEFAULT_BUS.to_owned(), Bus { created_at: 0 })]),
            rules: BTreeMap::new(),
        }
    }

    /// Reads everything back from the journal.
    pub(crate) fn load(names: Names, file: &Connection) -> Result<Self, Error> {
        let mut this = Self::new(names);
        for (name, body) in journal::documents(file, Kind::Bus)? {
            let bus = serde_json::from_str(&body).map_err(|source| Error::Stored {
                what: format!("bus {name}"),
                source,
            })?;
            this.buses.insert(name, bus);
        }
        for (key, body) in journal::documents(file, Kind::Rule)? {
            let what = || format!("rule {key}");
            let rule: Rule = serde_json::from_str(&body).map_err(|source| Error::Stored {
                what: what(),
                source,
            })?;
            let pattern = Pattern::read(&rule.pattern).map_err(|refusal| Error::Refused {
                what: what(),
                refusal,
            })?;
            let (bus, name) = key.split_once('|').unwrap_or((DEFAULT_BUS, &key));
            this.rules
                .insert((bus.to_owned(), name.to_owned()), (rule, pattern));
        }
        Ok(this)
    }

    pub(crate) fn create(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        check_name(name)?;
        if self.buses.contains_key(name) {
            return Err(Refusal::new(
                "ResourceAlreadyExistsException",
                format!("Event bus {name} already exists."),
            ));
        }
        let bus = Bus {
            created_at: transaction.now,
        };
        transaction.put(Kind::Bus, name, &bus);
        self.buses.insert(name.to_owned(), bus);
        Ok(())
    }

    pub(super) fn bus(&self, name: &str) -> Result<Bus, Refusal> {
        self.buses.get(name).copied().ok_or_else(|| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("Event bus {name} does not exist."),
            )
        })
    }

    /// Makes a rule, or changes its pattern and description.
    pub(crate) fn put_rule(
        &mut self,
        bus: &str,
        name: &str,
        pattern: &str,
        description: Option<String>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        self.bus(bus)?;
        check_name(name)?;
        let read = Pattern::read(pattern)?;
        let key = (bus.to_owned(), name.to_owned());
        let mut rule = self
            .rules
            .get(&key)
            .map(|(rule, _)| rule.clone())
            .unwrap_or_default();
        rule.pattern = pattern.to_owned();
        rule.description = description;
        self.keep(key, rule, read, transaction);
        Ok(())
    }

    pub(super) fn rule(&self, bus: &str, name: &str) -> Result<&Rule, Refusal> {
        self.bus(bus)?;
        let key = (bus.to_owned(), name.to_owned());
        self.rules.get(&key).map(|(rule, _)| rule).ok_or_else(|| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("Rule {name} does not exist on EventBus {bus}."),
            )
        })
    }

    pub(super) fn rules<'a>(&'a self, bus: &'a str) -> impl Iterator<Item = (&'a str, &'a Rule)> {
        let of_bus = self.rules.iter().filter(move |((of, _), _)| of == bus);
        of_bus.map(|((_, name), (rule, _))| (name.as_str(), rule))
    }

    /// Adds a target to a rule, or replaces the one with the same id.
    pub(crate) fn put_target(
        &mut self,
        bus: &str,
        rule: &str,
        id: &str,
        target: Target,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        self.change_targets(bus, rule, transaction, |targets| {
            targets.insert(id.to_owned(), target);
        })
    }

    /// Removes a target; `false` if the rule has none of this id.
    pub(super) fn remove_target(
        &mut self,
        bus: &str,
        rule: &str,
        id: &str,
        transaction: &mut Transaction,
    ) -> Result<bool, Refusal> {
        if !self.rule(bus, rule)?.targets.contains_key(id) {
            return Ok(false);
        }
        self.change_targets(bus, rule, transaction, |targets| {
            targets.remove(id);
        })?;
        Ok(true)
    }

    fn change_targets(
        &mut self,
        bus: &str,
        rule: &str,
        transaction: &mut Transaction,
        change: impl FnOnce(&mut BTreeMap<String, Target>),
    ) -> Result<(), Refusal> {
        let mut changed = self.rule(bus, rule)?.clone();
        change(&mut changed.targets);
        let pattern = Pattern::read(&changed.pattern)?;
        self.keep(
            (bus.to_owned(), rule.to_owned()),
            changed,
            pattern,
            transaction,
        );
        Ok(())
    }

    /// Deletes a rule without targets; one that is not there is deleted already.
    pub(super) fn delete_rule(
        &mut self,
        bus: &str,
        name: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let key = (bus.to_owned(), name.to_owned());
        let Some((rule, _)) = self.rules.get(&key) else {
            return Ok(());
        };
        if !rule.targets.is_empty() {
            return Err(Refusal::new(
                "ValidationException",
                "Rule can't be deleted since it has targets.",
            ));
        }
        self.rules.remove(&key);
        transaction.remove(Kind::Rule, &format!("{bus}|{name}"));
        Ok(())
    }

    /// Whom an event on a bus is for.
    pub(super) fn deliveries(&self, bus: &str, event: &Value) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for ((of, name), (rule, pattern)) in &self.rules {
            if of != bus || !pattern.matches(event) {
                continue;
            }
            deliveries.extend(rule.targets.values().map(|target| Delivery {
                rule_arn: self.names.rule(bus, name),
                target_arn: target.arn.clone(),
                body: match &target.transformer {
                    Some(transformer) => transformer.apply(event),
                    None => event.to_string(),
                },
                asks_policy: target.asks_policy,
            }));
        }
        deliveries
    }

    fn keep(&mut self, key: Key, rule: Rule, pattern: Pattern, transaction: &mut Transaction) {
        transaction.put(Kind::Rule, &format!("{}|{}", key.0, key.1), &rule);
        self.rules.insert(key, (rule, pattern));
    }
}

/// Names of buses and rules: 1 to 64 of `[.\-_A-Za-z0-9]`.
fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::new(
        "ValidationException",
        format!("{name:?} is no name of a bus or rule."),
    ))
}

impl Target {
    /// A queue as a target that gets events whole.
    pub(crate) fn queue(arn: &str, asks_policy: bool) -> Self {
        Self {
            arn: arn.to_owned(),
            transformer: None,
            asks_policy,
        }
    }
}
