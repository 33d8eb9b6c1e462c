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

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
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
    /// Its id, as `Ref` gives it.
    pub id: String,
    /// Its ARN.
    pub arn: String,
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
            "AWS::S3::Bucket" => stack.buckets.push(bucket(name, &mut props)?),
            "AWS::KMS::Key" => {
                let arn = resolver.arn_of(logical, &path)?;
                stack
                    .signing_keys
                    .push(signing_key(logical, name, arn, &mut props)?);
            }
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
                let role = role(name, resolver.arn_of(logical, &path)?, &mut props)?;
                stack.roles.insert(role.arn.clone(), role);
            }
            "AWS::IAM::Policy" => {
                let policy = InlinePolicy {
                    name: props.string("PolicyName")?,
                    document: policy_document(&mut props, "PolicyDocument")?,
                };
                let path = props.path("Roles");
                for role in props.strings("Roles")? {
                    role_policies.push((path.clone(), role, policy.clone()));
                }
            }
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
            "AWS::Logs::MetricFilter" => {
                props.ignore(&["LogGroupName", "FilterPattern", "MetricTransformations"]);
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

fn bucket(name: String, props: &mut Props) -> Result<Bucket, TemplateError> {
    props.ignore(&["BucketName"]);
    // Who may read a file of one's own directory, and how it lies on the disk, is the machine's matter.
    if let Some(mut encryption) = props.optional_map("BucketEncryption")? {
        for mut rule in encryption.maps("ServerSideEncryptionConfiguration")? {
            let mut by_default = rule.map("ServerSideEncryptionByDefault")?;
            by_default.only("SSEAlgorithm", "AES256")?;
            by_default.finish()?;
            rule.finish()?;
        }
        encryption.finish()?;
    }
    if let Some(mut public) = props.optional_map("PublicAccessBlockConfiguration")? {
        for name in [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ] {
            public.optional_boolean(name)?;
        }
        public.finish()?;
    }
    if let Some(mut ownership) = props.optional_map("OwnershipControls")? {
        for mut rule in ownership.maps("Rules")? {
            rule.only("ObjectOwnership", "BucketOwnerEnforced")?;
            rule.finish()?;
        }
        ownership.finish()?;
    }
    // S3 deletes by these once a day or later; nothing here lives long enough to need it.
    if let Some(mut lifecycle) = props.optional_map("LifecycleConfiguration")? {
        for mut rule in lifecycle.maps("Rules")? {
            rule.ignore(&["Id"]);
            rule.only("Status", "Enabled")?;
            rule.optional_integer("ExpirationInDays")?;
            for (name, inner) in [
                ("NoncurrentVersionExpiration", "NoncurrentDays"),
                ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
            ] {
                if let Some(mut days) = rule.optional_map(name)? {
                    days.optional_integer(inner)?;
                    days.finish()?;
                }
            }
            rule.finish()?;
        }
        lifecycle.finish()?;
    }
    let versioned = match props.optional_map("VersioningConfiguration")? {
        None => false,
        Some(mut versioning) => {
            versioning.only("Status", "Enabled")?;
            versioning.finish()?;
            true
        }
    };
    Ok(Bucket {
        name,
        versioned,
        locked_days: object_lock(props, versioned)?,
    })
}

fn object_lock(props: &mut Props, versioned: bool) -> Result<Option<u32>, TemplateError> {
    let enabled_path = props.path("ObjectLockEnabled");
    let enabled = props
        .optional_boolean("ObjectLockEnabled")?
        .unwrap_or(false);
    // S3: "Object Lock works only in buckets that have S3 Versioning enabled".
    if enabled && !versioned {
        return Err(TemplateError::new(
            enabled_path,
            Fault::Unsupported("true without VersioningConfiguration".to_owned()),
        ));
    }
    let Some(mut lock) = props.optional_map("ObjectLockConfiguration")? else {
        return Ok(None);
    };
    lock.only("ObjectLockEnabled", "Enabled")?;
    let mut rule = lock.map("Rule")?;
    let mut retention = rule.map("DefaultRetention")?;
    // The other mode lets some delete after all; here nobody can.
    retention.only("Mode", "COMPLIANCE")?;
    let days = retention.optional_integer("Days")?;
    let days = days.ok_or_else(|| TemplateError::new(retention.path("Days"), Fault::Missing))?;
    retention.finish()?;
    rule.finish()?;
    lock.finish()?;
    match enabled {
        true => Ok(Some(days)),
        false => Err(TemplateError::new(enabled_path, Fault::Missing)),
    }
}

fn signing_key(
    logical: &str,
    id: String,
    arn: String,
    props: &mut Props,
) -> Result<SigningKey, TemplateError> {
    props.ignore(&["Description"]);
    for (name, only) in [
        ("KeySpec", "ECC_NIST_EDWARDS25519"),
        ("KeyUsage", "SIGN_VERIFY"),
    ] {
        let path = props.path(name);
        let value = props.string(name)?;
        if value != only {
            return Err(TemplateError::new(path, Fault::Unsupported(value)));
        }
    }
    // It leaves the key to the policies of the account's roles, which hold here as they stand.
    policy_document(props, "KeyPolicy")?;
    Ok(SigningKey {
        logical: logical.to_owned(),
        id,
        arn,
    })
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
                "ForAllValues:StringEquals",
                "ForAllValues:StringLike",
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
        "DatapointsToAlarm",
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
