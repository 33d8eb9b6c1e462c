//! Reads `infra/template.yaml` into what a local run is built from.
//!
//! YAML becomes nodes, the [`resolve`]r turns those into plain values, and serde reads each resource's properties
//! out of them. What is not known here is refused by its name, with the path to where it stands: resource types,
//! properties, attributes, event types, intrinsic functions. What deploys but is not understood must not be
//! passed over in silence. It is pure: names, ARNs and addresses follow from the template and the [`Settings`].

mod functions;
mod properties;
pub(crate) mod resolve;
mod resources;
mod yaml;

use std::collections::BTreeMap;

use serde_json::Value;

pub use functions::{EventSource, Function, QueueSource, Route, StreamSource, TimeSource};

use yaml::Node;

/// The template that is deployed.
pub const SOURCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));

/// What CloudFormation would know from the account and the deploying person.
pub struct Settings<'a> {
    /// `AWS::StackName`; generated names begin with it.
    pub stack: String,
    /// Queue URLs are this, the account and the queue's name.
    pub queue_endpoint: String,
    /// Where the HTTP API is served.
    pub api_endpoint: String,
    /// Parameters that do not have their defaults. Their limits do not hold here: a local run takes
    /// grab windows from 5 s on, which no market may have.
    pub parameters: BTreeMap<String, String>,
    /// The value of a secret, by its logical id.
    pub secret: &'a dyn Fn(&str) -> String,
}

/// What the template describes, everything resolved.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    pub tables: Vec<Table>,
    pub buckets: Vec<Bucket>,
    pub signing_keys: Vec<SigningKey>,
    /// A queue's dead-letter queue comes before it.
    pub queues: Vec<Queue>,
    pub queue_policies: Vec<QueuePolicy>,
    pub schedule_groups: Vec<String>,
    pub buses: Vec<String>,
    pub rules: Vec<Rule>,
    /// Roles with all their policies, by ARN.
    pub roles: BTreeMap<String, Role>,
    pub functions: Vec<Function>,
    /// Logical ids of what is understood and has no effect here, such as alarms.
    pub not_run: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// The body of the `CreateTable` call that makes it.
    pub create: Value,
    /// The attribute that says when an item ends, in epoch seconds.
    pub ttl_attribute: Option<String>,
    /// Whether it has a stream.
    pub stream: bool,
}

#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// Whether replaced and deleted objects are kept as older versions.
    pub versioned: bool,
    /// For how many days after it was written a version cannot be deleted; `None`: no object lock.
    pub locked_days: Option<u32>,
}

/// A KMS key that signs with Ed25519.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its logical id, which the run derives its material from.
    pub logical: String,
    /// As `Ref` gives it.
    pub id: String,
    pub arn: String,
}

#[derive(Clone, Debug)]
pub struct Queue {
    pub name: String,
    /// As `CreateQueue` takes them.
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct QueuePolicy {
    /// URLs of the queues.
    pub queues: Vec<String>,
    pub document: Value,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub bus: String,
    /// What events must match.
    pub pattern: Value,
    pub targets: Vec<Target>,
}

/// Where a rule sends events: a queue.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Target {
    /// Within the rule.
    pub id: String,
    pub arn: String,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub arn: String,
    /// Who may take it on.
    pub trust: Value,
    /// What it may do.
    pub policies: Vec<InlinePolicy>,
    /// The longest session under it, in seconds.
    pub max_session_seconds: u32,
}

#[derive(Clone, Debug)]
pub struct InlinePolicy {
    pub name: String,
    pub document: Value,
}

impl Stack {
    /// A queue's attributes with its policy, as `CreateQueue` takes them.
    pub(crate) fn attributes(&self, queue: &Queue) -> BTreeMap<String, String> {
        let mut attributes = queue.attributes.clone();
        for policy in &self.queue_policies {
            let name = |url: &String| url.rsplit('/').next() == Some(queue.name.as_str());
            if policy.queues.iter().any(name) {
                attributes.insert("Policy".to_owned(), policy.document.to_string());
            }
        }
        attributes
    }
}

/// The template says something that is not understood, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct TemplateError {
    /// The place, such as `Resources.OrdersTable.Properties.BillingMode`.
    pub path: String,
    /// What is wrong there, naming what is not understood.
    pub fault: String,
}

impl TemplateError {
    fn new(path: impl Into<String>, fault: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            fault: fault.into(),
        }
    }
}

/// Reads a template.
///
/// # Errors
/// At the first thing that is not understood, naming it and its place.
pub fn load(source: &str, settings: &Settings<'_>) -> Result<Stack, TemplateError> {
    let root = yaml::read(source)?;
    let sections = [
        "AWSTemplateFormatVersion",
        "Transform",
        "Description",
        "Metadata",
        "Parameters",
        "Conditions",
        "Globals",
        "Resources",
        "Outputs",
    ];
    has_only(&root, "", &sections)?;
    let resolver = resolve::Resolver::new(&root, settings)?;
    resources::read(&root, &resolver)
}

/// Refuses a map of the template that has other keys.
fn has_only(node: &Node, path: &str, known: &[&str]) -> Result<(), TemplateError> {
    for (key, _) in node.entries(path)? {
        if !known.contains(&key.as_str()) {
            let path = format!("{path}.{key}");
            let fault = format!("unknown field `{key}`");
            return Err(TemplateError::new(path.trim_start_matches('.'), fault));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
