//! Reads `infra/template.yaml` into what a local run is built from.
//!
//! The reader knows the resource types, properties, attributes, event types and intrinsic functions
//! that the platform uses, and refuses all others by name, with the path to where they stand: what
//! deploys but is not understood here must not be passed over in silence. It is pure: names, ARNs
//! and addresses follow from the template and the [`Settings`] alone.

mod functions;
mod props;
pub(crate) mod resolve;
mod resources;
mod yaml;

use std::collections::BTreeMap;

pub use functions::{EventSource, Function, QueueSource, Route, StreamSource, TimeSource};
pub use resources::{
    Bucket, Bus, InlinePolicy, Queue, QueuePolicy, Role, Rule, ScheduleGroup, SigningKey, Table,
    Target,
};

/// The template that is deployed.
pub const SOURCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));

/// What CloudFormation would know from the account and the deploying person.
pub struct Settings<'a> {
    /// `AWS::StackName`; generated names begin with it.
    pub stack: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::Partition`.
    pub partition: String,
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
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// KMS keys that sign.
    pub signing_keys: Vec<SigningKey>,
    /// SQS queues; a queue's dead-letter queue comes before it.
    pub queues: Vec<Queue>,
    /// Policies of queues.
    pub queue_policies: Vec<QueuePolicy>,
    /// Groups of schedules.
    pub schedule_groups: Vec<ScheduleGroup>,
    /// Event buses.
    pub buses: Vec<Bus>,
    /// Rules of event buses.
    pub rules: Vec<Rule>,
    /// Roles with all their policies, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// Functions with what triggers them.
    pub functions: Vec<Function>,
    /// Logical ids of what is understood and has no effect here, such as alarms.
    pub not_run: Vec<String>,
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
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not YAML, or YAML of a kind that templates do not use.
    #[error("not readable: {0}")]
    Yaml(String),
    /// A section, resource attribute or property that the local run does not know.
    #[error("unknown property")]
    UnknownProperty,
    /// A resource type that the local run does not know.
    #[error("unknown resource type `{0}`")]
    UnknownResourceType(String),
    /// An event type that the local run does not know.
    #[error("unknown event type `{0}`")]
    UnknownEventType(String),
    /// An intrinsic function that the local run does not know.
    #[error("unknown intrinsic function `{0}`")]
    UnknownIntrinsic(String),
    /// A name that is neither parameter nor resource nor pseudo parameter.
    #[error("`{0}` is neither a parameter nor a resource")]
    UnknownReference(String),
    /// An attribute that the resource does not have here.
    #[error("`{resource}` has no attribute `{attribute}` here")]
    UnknownAttribute {
        /// The resource's logical id.
        resource: String,
        /// The attribute asked for.
        attribute: String,
    },
    /// A condition that is not defined.
    #[error("unknown condition `{0}`")]
    UnknownCondition(String),
    /// A dynamic reference that is not to a secret of this template.
    #[error("unknown dynamic reference `{0}`")]
    UnknownDynamicReference(String),
    /// A parameter was given that the template does not have.
    #[error("there is no such parameter")]
    UnknownParameter,
    /// A parameter without default was not given.
    #[error("this parameter has no default and was not given")]
    ParameterNotGiven,
    /// A property that must be there is not.
    #[error("missing")]
    Missing,
    /// A property of another kind.
    #[error("not a {0}")]
    NotA(&'static str),
    /// A value that the local run does not do.
    #[error("`{0}` is not supported here")]
    Unsupported(String),
    /// A name that is made from itself.
    #[error("refers to itself")]
    Circular,
}

impl TemplateError {
    pub(crate) fn new(path: impl Into<String>, fault: Fault) -> Self {
        Self {
            path: path.into(),
            fault,
        }
    }
}

/// Reads a template.
///
/// # Errors
/// At the first thing that is not understood, naming it and its place.
pub fn load(source: &str, settings: &Settings<'_>) -> Result<Stack, TemplateError> {
    let root = yaml::read(source)?;
    for (section, _) in root.entries("template")? {
        if ![
            "AWSTemplateFormatVersion",
            "Transform",
            "Description",
            "Metadata",
            "Parameters",
            "Conditions",
            "Globals",
            "Resources",
            "Outputs",
        ]
        .contains(&section.as_str())
        {
            return Err(TemplateError::new(section.clone(), Fault::UnknownProperty));
        }
    }
    let resolver = resolve::Resolver::new(&root, settings)?;
    resources::read(&root, &resolver)
}

#[cfg(test)]
mod tests;
