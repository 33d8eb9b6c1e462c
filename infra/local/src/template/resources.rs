//! The resource types that the local run knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::functions::{self, Globals};
use super::props::Props;
use super::resolve::Resolver;
use super::yaml::Node;
use super::{Fault, Stack, TemplateError};

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The body of the `CreateTable` call that makes it.
    pub create: Value,
    /// The attribute that says when an item ends, in epoch seconds.
    pub ttl_attribute: Option<String>,
    /// Whether it has a stream.
    pub stream: bool,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Attributes as `CreateQueue` takes them.
    pub attributes: BTreeMap<String, String>,
}

/// A policy of queues.
#[derive(Clone, Debug)]
pub struct QueuePolicy {
    /// URLs of the queues.
    pub queues: Vec<String>,
    /// The policy document.
    pub document: Value,
}

/// A group of schedules.
#[derive(Clone, Debug)]
pub struct ScheduleGroup {
    /// Its name.
    pub name: String,
}

/// An event bus.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Its name.
    pub name: String,
}

/// A rule of an event bus.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The bus's name.
    pub bus: String,
    /// The pattern that events must match.
    pub pattern: Value,
    /// Where matching events go.
    pub targets: Vec<Target>,
}

/// A target of a rule.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its id within the rule.
    pub id: String,
    /// The queue's ARN.
    pub arn: String,
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it on.
    pub trust: Value,
    /// What it may do.
    pub policies: Vec<InlinePolicy>,
    /// The longest session under it, in seconds.
    pub max_session_seconds: u32,
}

/// A policy within a role.
#[derive(Clone, Debug)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// The policy document.
    pub document: Value,
}

/// Reads all resources.
pub(crate) fn read(root: &Node, resolver: &Resolver<'_>) -> Result<Stack, TemplateError> {
    let globals = Globals::read(root, resolver)?;
    let mut stack = Stack::default();
    let mut role_policies = Vec::new();
    let resources = root.get("Resources").map(|node| node.entries("Resources"));
    for (logical, node) in resources.transpose()?.unwrap_or_default() {
        let path = format!("Resources.{logical}");
        for (key, _) in node.entries(&path)? {
            if ![
                "Type",
                "Properties",
                "Metadata",
                "DeletionPolicy",
                "UpdateReplacePolicy",
                "DependsOn",
                "Condition",
            ]
            .contains(&key.as_str())
            {
                return Err(TemplateError::new(
                    format!("{path}.{key}"),
                    Fault::UnknownProperty,
                ));
            }
        }
        if let Some(condition) = node.get("Condition").and_then(Node::text)
            && !resolver.condition(condition, &format!("{path}.Condition"))?
        {
            continue;
        }
        let resource_type = node.get("Type").and_then(Node::text).unwrap_or_default();
        let properties_path = format!("{path}.Properties");
        let properties = match node.get("Properties") {
            Some(properties) => resolver.value(properties, &properties_path)?,
            None => None,
        };
        let mut props = Props::new(properties_path, properties.unwrap_or_default())?;
        let name = resolver.name(logical, node)?;
        match resource_type {
            "AWS::DynamoDB::Table" => stack.tables.push(table(name, &mut props)?),
            "AWS::SQS::Queue" => stack.queues.push(queue(name, &mut props)?),
            "AWS::SQS::QueuePolicy" => stack.queue_policies.push(QueuePolicy {
                queues: props.strings("Queues")?,
                document: policy_document(&mut props, "PolicyDocument")?,
            }),
            "AWS::Scheduler::ScheduleGroup" => {
                props.ignore(&["Name"]);
                stack.schedule_groups.push(ScheduleGroup { name });
            }
            "AWS::Events::EventBus" => {
                props.ignore(&["Name", "Description"]);
                stack.buses.push(Bus { name });
            }
            "AWS::Events::Rule" => stack.rules.push(rule(name, &mut props)?),
            "AWS::IAM::Role" => {
                let arn = resolver
                    .value(&get_arn(logical), &path)?
                    .and_then(|arn| arn.as_str().map(str::to_owned))
                    .unwrap_or_default();
                let role = role(name, arn, &mut props)?;
                stack.roles.insert(role.arn.clone(), role);
            }
            "AWS::IAM::RolePolicy" => role_policies.push((
                props.path("RoleName"),
                props.string("RoleName")?,
                InlinePolicy {
                    name: props.string("PolicyName")?,
                    document: policy_document(&mut props, "PolicyDocument")?,
                },
            )),
            "AWS::SecretsManager::Secret" => {
                props.ignore(&["Name", "Description"]);
                if let Some(mut generate) = props.optional_map("GenerateSecretString")? {
                    generate.ignore(&["PasswordLength", "ExcludePunctuation"]);
                    generate.finish()?;
                }
            }
            "AWS::Logs::LogGroup" => {
                props.ignore(&["LogGroupName", "RetentionInDays"]);
                stack.not_run.push(logical.clone());
            }
            "AWS::CloudWatch::Alarm" => {
                alarm(&mut props);
                stack.not_run.push(logical.clone());
            }
            "AWS::Serverless::HttpApi" => api(&mut props)?,
            "AWS::Serverless::Function" => {
                functions::metadata(node, resolver, &path)?;
                stack
                    .functions
                    .push(functions::read(name, &mut props, &globals, resolver)?);
            }
            other => {
                return Err(TemplateError::new(
                    format!("{path}.Type"),
                    Fault::UnknownResourceType(other.to_owned()),
                ));
            }
        }
        props.finish()?;
    }
    for (path, role_name, policy) in role_policies {
        let role = stack
            .roles
            .values_mut()
            .find(|role| role.name == role_name)
            .ok_or_else(|| TemplateError::new(path, Fault::UnknownReference(role_name)))?;
        role.policies.push(policy);
    }
    // A queue can only be made when the queue that its dead letters go to is there.
    stack
        .queues
        .sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
    Ok(stack)
}

fn get_arn(logical: &str) -> Node {
    let target = Value::from(format!("{logical}.Arn"));
    Node::Call("GetAtt".to_owned(), Box::new(Node::Scalar(target)))
}

fn table(name: String, props: &mut Props) -> Result<Table, TemplateError> {
    props.only("BillingMode", "PAY_PER_REQUEST")?;
    props.ignore(&["TableName"]);
    let mut create = Map::new();
    create.insert("TableName".to_owned(), Value::from(name.clone()));
    create.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
    let definitions = pairs(
        props,
        "AttributeDefinitions",
        ["AttributeName", "AttributeType"],
    )?;
    create.insert("AttributeDefinitions".to_owned(), definitions);
    let key = pairs(props, "KeySchema", ["AttributeName", "KeyType"])?;
    create.insert("KeySchema".to_owned(), key);
    let mut indexes = Vec::new();
    for mut index in props.maps("GlobalSecondaryIndexes")? {
        let index_name = index.string("IndexName")?;
        let key = pairs(&mut index, "KeySchema", ["AttributeName", "KeyType"])?;
        let mut projection = index.map("Projection")?;
        let mut projected = Map::new();
        let kind = projection.string("ProjectionType")?;
        projected.insert("ProjectionType".to_owned(), Value::from(kind));
        let attributes = projection.strings("NonKeyAttributes")?;
        if !attributes.is_empty() {
            projected.insert("NonKeyAttributes".to_owned(), Value::from(attributes));
        }
        projection.finish()?;
        index.finish()?;
        indexes.push(json!({ "IndexName": index_name, "KeySchema": key, "Projection": projected }));
    }
    if !indexes.is_empty() {
        create.insert("GlobalSecondaryIndexes".to_owned(), Value::from(indexes));
    }
    let stream = match props.optional_map("StreamSpecification")? {
        None => false,
        Some(mut specification) => {
            let view = specification.string("StreamViewType")?;
            specification.finish()?;
            create.insert(
                "StreamSpecification".to_owned(),
                json!({ "StreamEnabled": true, "StreamViewType": view }),
            );
            true
        }
    };
    let ttl_attribute = match props.optional_map("TimeToLiveSpecification")? {
        None => None,
        Some(mut specification) => {
            let attribute = specification.string("AttributeName")?;
            let enabled = specification.optional_boolean("Enabled")?.unwrap_or(true);
            specification.finish()?;
            enabled.then_some(attribute)
        }
    };
    // Backups and encryption at rest have no counterpart in a directory of one's own.
    for (name, inner) in [
        (
            "PointInTimeRecoverySpecification",
            "PointInTimeRecoveryEnabled",
        ),
        ("SSESpecification", "SSEEnabled"),
    ] {
        if let Some(mut specification) = props.optional_map(name)? {
            specification.optional_boolean(inner)?;
            specification.finish()?;
        }
    }
    Ok(Table {
        name,
        create: Value::Object(create),
        ttl_attribute,
        stream,
    })
}

/// A list of maps with two strings each, as they are.
fn pairs(props: &mut Props, name: &str, keys: [&str; 2]) -> Result<Value, TemplateError> {
    let mut list = Vec::new();
    for mut item in props.maps(name)? {
        let mut map = Map::new();
        for key in keys {
            map.insert(key.to_owned(), Value::from(item.string(key)?));
        }
        item.finish()?;
        list.push(Value::Object(map));
    }
    Ok(Value::from(list))
}

fn queue(name: String, props: &mut Props) -> Result<Queue, TemplateError> {
    props.ignore(&["QueueName"]);
    let mut attributes = BTreeMap::new();
    for attribute in [
        "MessageRetentionPeriod",
        "VisibilityTimeout",
        "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds",
    ] {
        if let Some(value) = props.optional_integer(attribute)? {
            attributes.insert(attribute.to_owned(), value.to_string());
        }
    }
    if let Some(enabled) = props.optional_boolean("SqsManagedSseEnabled")? {
        attributes.insert("SqsManagedSseEnabled".to_owned(), enabled.to_string());
    }
    if let Some(mut redrive) = props.optional_map("RedrivePolicy")? {
        let target = redrive.string("deadLetterTargetArn")?;
        let count = redrive.optional_integer("maxReceiveCount")?;
        let count = count
            .ok_or_else(|| TemplateError::new(redrive.path("maxReceiveCount"), Fault::Missing))?;
        redrive.finish()?;
        let policy = json!({ "deadLetterTargetArn": target, "maxReceiveCount": count });
        attributes.insert("RedrivePolicy".to_owned(), policy.to_string());
    }
    Ok(Queue { name, attributes })
}

fn rule(name: String, props: &mut Props) -> Result<Rule, TemplateError> {
    props.ignore(&["Name", "Description"]);
    let bus = props.string("EventBusName")?;
    let pattern = props.required("EventPattern")?;
    let mut targets = Vec::new();
    for mut target in props.maps("Targets")? {
        targets.push(Target {
            id: target.string("Id")?,
            arn: target.string("Arn")?,
        });
        target.finish()?;
    }
    Ok(Rule {
        name,
        bus,
        pattern,
        targets,
    })
}

fn role(name: String, arn: String, props: &mut Props) -> Result<Role, TemplateError> {
    props.ignore(&["RoleName", "Description"]);
    // The default is IAM's.
    let max_session_seconds = props
        .optional_integer("MaxSessionDuration")?
        .unwrap_or(3600);
    let trust = policy_document(props, "AssumeRolePolicyDocument")?;
    let mut policies = Vec::new();
    for mut policy in props.maps("Policies")? {
        policies.push(InlinePolicy {
            name: policy.string("PolicyName")?,
            document: policy_document(&mut policy, "PolicyDocument")?,
        });
        policy.finish()?;
    }
    Ok(Role {
        name,
        arn,
        trust,
        policies,
        max_session_seconds,
    })
}

/// A policy document as it is, its elements' names checked.
fn policy_document(props: &mut Props, name: &str) -> Result<Value, TemplateError> {
    let path = props.path(name);
    let document = props.required(name)?;
    let mut reader = Props::new(path, document.clone())?;
    reader.only("Version", "2012-10-17")?;
    for mut statement in reader.maps("Statement")? {
        statement.ignore(&["Sid", "Principal", "Action", "Resource"]);
        let effect = statement.string("Effect")?;
        if effect != "Allow" && effect != "Deny" {
            return Err(TemplateError::new(
                statement.path("Effect"),
                Fault::Unsupported(effect),
            ));
        }
        if let Some(mut conditions) = statement.optional_map("Condition")? {
            conditions.ignore(&[
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "ArnEquals",
                "ArnLike",
            ]);
            conditions.finish()?;
        }
        statement.finish()?;
    }
    reader.finish()?;
    Ok(document)
}

fn alarm(props: &mut Props) {
    props.ignore(&[
        "AlarmName",
        "AlarmDescription",
        "Namespace",
        "MetricName",
        "Dimensions",
        "Statistic",
        "Period",
        "EvaluationPeriods",
        "Threshold",
        "ComparisonOperator",
        "TreatMissingData",
        "AlarmActions",
    ]);
}

fn api(props: &mut Props) -> Result<(), TemplateError> {
    props.ignore(&["Name", "Description", "FailOnWarnings"]);
    if let Some(mut settings) = props.optional_map("DefaultRouteSettings")? {
        settings.ignore(&["ThrottlingBurstLimit", "ThrottlingRateLimit"]);
        settings.finish()?;
    }
    Ok(())
}
