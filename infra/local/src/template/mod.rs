//! Reads `infra/template.yaml` into a [`Stack`], from which a local run is built.
//!
//! YAML becomes nodes, the [`resolve`]r turns those into plain values, and serde reads each resource's properties.
//! Unknown resource types, properties, attributes, event types and intrinsic functions are errors that name the
//! thing and its place, so that a local run never ignores something that AWS would deploy. Reading has no side
//! effects: names, ARNs and addresses follow from the template and the [`Settings`].

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

/// Input that CloudFormation would get from the account and the person who deploys.
pub struct Settings<'a> {
    /// `AWS::StackName`; generated names begin with it.
    pub stack: String,
    /// A queue's URL is `<queue_endpoint>/<account>/<name>`.
    pub queue_endpoint: String,
    /// Where the HTTP API is served.
    pub api_endpoint: String,
    /// Values that replace the parameters' defaults. The parameters' limits are not checked, since a local run
    /// accepts grab windows from 5 s, shorter than any market's.
    pub parameters: BTreeMap<String, String>,
    /// The value of a secret, by its logical id.
    pub secret: &'a dyn Fn(&str) -> String,
}

/// The resources that the template describes.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    pub tables: Vec<Table>,
    pub buckets: Vec<Bucket>,
    pub signing_keys: Vec<SigningKey>,
    /// A dead-letter queue comes before the queues that use it.
    pub queues: Vec<Queue>,
    pub queue_policies: Vec<QueuePolicy>,
    pub schedule_groups: Vec<String>,
    pub buses: Vec<String>,
    pub rules: Vec<Rule>,
    /// Roles with all their policies, by ARN.
    pub roles: BTreeMap<String, Role>,
    pub functions: Vec<Function>,
    /// What pages of other origins may ask; `None`: nothing.
    pub cors: Option<Cors>,
    /// Logical ids of resources that have no effect here, such as alarms and CloudFront.
    pub not_run: Vec<String>,
}

/// An HTTP API's CORS configuration. There is none with credentials.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_headers: Vec<String>,
    pub expose_headers: Vec<String>,
    /// In seconds.
    pub max_age: u32,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// The body of its `CreateTable` call.
    pub create: Value,
    /// The attribute with an item's time to live, in epoch seconds.
    pub ttl_attribute: Option<String>,
    pub stream: bool,
}

#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// Whether replaced and deleted objects are kept as older versions.
    pub versioned: bool,
    /// How many days after its writing a version cannot be deleted; `None`: no object lock.
    pub locked_days: Option<u32>,
}

/// A KMS key that signs with Ed25519.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its logical id, from which the run derives the key.
    pub logical: String,
    /// The value of `Ref`.
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
    pub pattern: Value,
    pub targets: Vec<Target>,
}

/// Where a rule sends events: a queue.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Target {
    /// Unique within the rule.
    pub id: String,
    pub arn: String,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub arn: String,
    /// The policy that says who may assume it.
    pub trust: Value,
    pub policies: Vec<InlinePolicy>,
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

/// An unknown or wrong element of the template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct TemplateError {
    /// For example `Resources.OrdersTable.Properties.BillingMode`.
    pub path: String,
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

/// # Errors
/// At the first unknown or wrong element.
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

/// Refuses a map that has keys other than `known`.
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
