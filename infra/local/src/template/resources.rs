//! Reads the resource types that a local run knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::functions::{self, Globals};
use super::properties::{Ignored, PolicyDocument, Whole, only, properties, read as properties_of};
use super::resolve::Resolver;
use super::yaml::Node;
use super::{
    Bucket, Cors, InlinePolicy, Queue, QueuePolicy, Role, Rule, SigningKey, Stack, Table, Target,
    TemplateError, has_only,
};

only! {
    PayPerRequest = "PAY_PER_REQUEST";
    Aes256 = "AES256";
    OwnerEnforced = "BucketOwnerEnforced";
    Enabled = "Enabled";
    Compliance = "COMPLIANCE";
    Ed25519 = "ECC_NIST_EDWARDS25519";
    SignVerify = "SIGN_VERIFY";
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
    projection: Projection,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Projection {
    projection_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    non_key_attributes: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Redrive {
    dead_letter_target_arn: String,
    max_receive_count: Whole,
}

// A local run does not use the properties for backups, encryption at rest, public access and lifecycles. They
// are read so that a misspelt name is refused.
properties! {
    struct TableProperties {
        _table_name: Ignored,
        _billing_mode: Option<PayPerRequest>,
        attribute_definitions: Vec<Attribute>,
        key_schema: Vec<Key>,
        #[serde(default)]
        global_secondary_indexes: Vec<Index>,
        stream_specification: Option<Stream>,
        time_to_live_specification: Option<TimeToLive>,
        _point_in_time_recovery_specification: Option<Recovery>,
    }
    struct Stream { stream_view_type: String }
    struct TimeToLive { attribute_name: String, enabled: Option<bool> }
    struct Recovery { _point_in_time_recovery_enabled: bool }

    struct BucketProperties {
        _bucket_name: Ignored,
        _bucket_encryption: Option<Encryption>,
        _public_access_block_configuration: Option<PublicAccess>,
        _ownership_controls: Option<Ownership>,
        _lifecycle_configuration: Option<Lifecycle>,
        versioning_configuration: Option<Versioning>,
        #[serde(default)]
        object_lock_enabled: bool,
        object_lock_configuration: Option<ObjectLock>,
    }
    struct Encryption { _server_side_encryption_configuration: Vec<EncryptionRule> }
    struct EncryptionRule { _server_side_encryption_by_default: ByDefault }
    struct ByDefault { #[serde(rename = "SSEAlgorithm")] _algorithm: Aes256 }
    struct PublicAccess { _block_public_acls: bool, _block_public_policy: bool, _ignore_public_acls: bool, _restrict_public_buckets: bool }
    struct Ownership { _rules: Vec<OwnershipRule> }
    struct OwnershipRule { _object_ownership: OwnerEnforced }
    struct Lifecycle { _rules: Vec<LifecycleRule> }
    struct LifecycleRule {
        _id: Ignored,
        _status: Enabled,
        _expiration_in_days: Option<Whole>,
        _noncurrent_version_expiration: Option<Noncurrent>,
        _abort_incomplete_multipart_upload: Option<Incomplete>,
    }
    struct Noncurrent { _noncurrent_days: Whole }
    struct Incomplete { _days_after_initiation: Whole }
    struct Versioning { _status: Enabled }
    struct ObjectLock { _object_lock_enabled: Enabled, rule: LockRule }
    struct LockRule { default_retention: Retention }
    // The other mode, GOVERNANCE, lets some users delete; the emulated bucket lets nobody.
    struct Retention { _mode: Compliance, days: Whole }

    // The template's key policies leave the decision to the roles' policies, so they are not used.
    struct KeyProperties { _description: Ignored, _key_spec: Ed25519, _key_usage: SignVerify, _key_policy: PolicyDocument }

    struct QueueProperties {
        _queue_name: Ignored,
        message_retention_period: Option<Whole>,
        visibility_timeout: Option<Whole>,
        delay_seconds: Option<Whole>,
        receive_message_wait_time_seconds: Option<Whole>,
        sqs_managed_sse_enabled: Option<bool>,
        redrive_policy: Option<Redrive>,
    }
    struct QueuePolicyProperties { queues: Vec<String>, policy_document: PolicyDocument }
    struct RuleProperties { _name: Ignored, _description: Ignored, event_bus_name: String, event_pattern: Value, targets: Vec<Target> }

    struct RoleProperties {
        _role_name: Ignored,
        _description: Ignored,
        assume_role_policy_document: PolicyDocument,
        max_session_duration: Option<Whole>,
        #[serde(default)]
        policies: Vec<RolePolicy>,
    }
    struct RolePolicy { policy_name: String, policy_document: PolicyDocument }
    struct PolicyProperties { policy_name: String, policy_document: PolicyDocument, roles: Vec<String> }

    struct NamedProperties { _name: Ignored, _description: Ignored }
    struct SecretProperties { _name: Ignored, _description: Ignored, _generate_secret_string: Option<Generate> }
    struct Generate { _password_length: Ignored, _exclude_punctuation: Ignored }
    struct LogGroupProperties { _log_group_name: Ignored, _retention_in_days: Ignored }
    struct MetricFilterProperties { _log_group_name: Ignored, _filter_pattern: Ignored, _metric_transformations: Ignored }
    struct AlarmProperties {
        _alarm_name: Ignored,
        _alarm_description: Ignored,
        _namespace: Ignored,
        _metric_name: Ignored,
        _dimensions: Ignored,
        _metrics: Ignored,
        _statistic: Ignored,
        _period: Ignored,
        _evaluation_periods: Ignored,
        _datapoints_to_alarm: Ignored,
        _threshold: Ignored,
        _comparison_operator: Ignored,
        _treat_missing_data: Ignored,
        _alarm_actions: Ignored,
    }
    struct ApiProperties { _name: Ignored, _description: Ignored, _fail_on_warnings: Ignored, cors_configuration: Option<Cors>, _default_route_settings: Option<RouteSettings>, _route_settings: Option<BTreeMap<String, RouteSettings>> }
    // CloudFront is between callers and the gateway, and the local run begins at the gateway.
    struct DistributionProperties { _distribution_config: Ignored }
    struct RouteSettings { _throttling_burst_limit: Ignored, _throttling_rate_limit: Ignored }
}

pub(super) fn read(root: &Node, resolver: &Resolver<'_>) -> Result<Stack, TemplateError> {
    let globals = Globals::read(root, resolver)?;
    let mut stack = Stack::default();
    let mut policies = Vec::new();
    let resources = root.get("Resources").map(|node| node.entries("Resources"));
    for (logical, node) in resources.transpose()?.unwrap_or_default() {
        let path = format!("Resources.{logical}");
        let known = [
            "Type",
            "Properties",
            "Metadata",
            "DeletionPolicy",
            "UpdateReplacePolicy",
            "DependsOn",
            "Condition",
        ];
        has_only(node, &path, &known)?;
        if let Some(condition) = node.get("Condition").and_then(Node::text)
            && !resolver.condition(condition, &format!("{path}.Condition"))?
        {
            continue;
        }
        let at = &format!("{path}.Properties");
        let value = node.get("Properties").map(|node| resolver.value(node, at));
        let value = value.transpose()?.flatten().unwrap_or_else(|| json!({}));
        let name = resolver.name(logical, node)?;
        match node.get("Type").and_then(Node::text).unwrap_or_default() {
            "AWS::DynamoDB::Table" => stack.tables.push(table(name, properties_of(value, at)?)),
            "AWS::S3::Bucket" => stack
                .buckets
                .push(bucket(name, properties_of(value, at)?, at)?),
            "AWS::KMS::Key" => {
                properties_of::<KeyProperties>(value, at)?;
                stack.signing_keys.push(SigningKey {
                    logical: logical.clone(),
                    arn: resolver.arn_of(logical, &path)?,
                    id: name,
                });
            }
            "AWS::SQS::Queue" => stack.queues.push(queue(name, properties_of(value, at)?)),
            "AWS::SQS::QueuePolicy" => {
                let policy: QueuePolicyProperties = properties_of(value, at)?;
                stack.queue_policies.push(QueuePolicy {
                    queues: policy.queues,
                    document: policy.policy_document.into(),
                });
            }
            "AWS::Scheduler::ScheduleGroup" => {
                properties_of::<NamedProperties>(value, at)?;
                stack.schedule_groups.push(name);
            }
            "AWS::Events::EventBus" => {
                properties_of::<NamedProperties>(value, at)?;
                stack.buses.push(name);
            }
            "AWS::Events::Rule" => {
                let rule: RuleProperties = properties_of(value, at)?;
                stack.rules.push(Rule {
                    name,
                    bus: rule.event_bus_name,
                    pattern: rule.event_pattern,
                    targets: rule.targets,
                });
            }
            "AWS::IAM::Role" => {
                let arn = resolver.arn_of(logical, &path)?;
                let role = role(name, arn.clone(), properties_of(value, at)?);
                stack.roles.insert(arn, role);
            }
            "AWS::IAM::Policy" => {
                policies.push((at.clone(), properties_of::<PolicyProperties>(value, at)?));
            }
            "AWS::SecretsManager::Secret" => {
                properties_of::<SecretProperties>(value, at)?;
            }
            "AWS::Serverless::HttpApi" => {
                let api: ApiProperties = properties_of(value, at)?;
                stack.cors = api.cors_configuration;
            }
            "AWS::CloudFront::Distribution" => {
                properties_of::<DistributionProperties>(value, at)?;
                stack.not_run.push(logical.clone());
            }
            "AWS::Logs::LogGroup" => {
                properties_of::<LogGroupProperties>(value, at)?;
                stack.not_run.push(logical.clone());
            }
            "AWS::Logs::MetricFilter" => {
                properties_of::<MetricFilterProperties>(value, at)?;
                stack.not_run.push(logical.clone());
            }
            "AWS::CloudWatch::Alarm" => {
                properties_of::<AlarmProperties>(value, at)?;
                stack.not_run.push(logical.clone());
            }
            "AWS::Serverless::Function" => {
                functions::metadata(node, resolver, &path)?;
                let function = functions::read(name, value, at, &globals)?;
                stack.functions.push(function);
            }
            other => {
                let fault = format!("unknown resource type `{other}`");
                return Err(TemplateError::new(format!("{path}.Type"), fault));
            }
        }
    }
    for (path, policy) in policies {
        let document = Value::from(policy.policy_document);
        for name in policy.roles {
            let mut roles = stack.roles.values_mut();
            let role = roles.find(|role| role.name == name).ok_or_else(|| {
                TemplateError::new(
                    format!("{path}.Roles"),
                    format!("no role is named `{name}`"),
                )
            })?;
            role.policies.push(InlinePolicy {
                name: policy.policy_name.clone(),
                document: document.clone(),
            });
        }
    }
    // A dead-letter queue must exist before the queue that uses it.
    stack
        .queues
        .sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
    Ok(stack)
}

fn table(name: String, properties: TableProperties) -> Table {
    let mut create = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": properties.attribute_definitions,
        "KeySchema": properties.key_schema,
    });
    if !properties.global_secondary_indexes.is_empty() {
        create["GlobalSecondaryIndexes"] = json!(properties.global_secondary_indexes);
    }
    let stream = properties.stream_specification;
    if let Some(stream) = &stream {
        let view = &stream.stream_view_type;
        create["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
    }
    let ttl = properties.time_to_live_specification;
    Table {
        name,
        create,
        ttl_attribute: ttl
            .filter(|ttl| ttl.enabled.unwrap_or(true))
            .map(|ttl| ttl.attribute_name),
        stream: stream.is_some(),
    }
}

fn bucket(name: String, properties: BucketProperties, at: &str) -> Result<Bucket, TemplateError> {
    let versioned = properties.versioning_configuration.is_some();
    let lock = properties.object_lock_configuration;
    let fault = match (properties.object_lock_enabled, versioned, &lock) {
        // S3: "Object Lock works only in buckets that have S3 Versioning enabled".
        (true, false, _) => "not supported here without VersioningConfiguration",
        (false, _, Some(_)) => "missing, and ObjectLockConfiguration is there",
        _ => {
            let locked_days = lock.map(|lock| lock.rule.default_retention.days.0);
            return Ok(Bucket {
                name,
                versioned,
                locked_days,
            });
        }
    };
    Err(TemplateError::new(format!("{at}.ObjectLockEnabled"), fault))
}

fn queue(name: String, properties: QueueProperties) -> Queue {
    let number = |number: Option<Whole>| number.map(|number| number.0.to_string());
    let redrive = properties.redrive_policy;
    let attributes = [
        (
            "MessageRetentionPeriod",
            number(properties.message_retention_period),
        ),
        ("VisibilityTimeout", number(properties.visibility_timeout)),
        ("DelaySeconds", number(properties.delay_seconds)),
        (
            "ReceiveMessageWaitTimeSeconds",
            number(properties.receive_message_wait_time_seconds),
        ),
        (
            "SqsManagedSseEnabled",
            properties.sqs_managed_sse_enabled.map(|on| on.to_string()),
        ),
        (
            "RedrivePolicy",
            redrive.map(|redrive| json!(redrive).to_string()),
        ),
    ];
    let attributes = attributes.into_iter();
    Queue {
        name,
        attributes: attributes
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    }
}

fn role(name: String, arn: String, properties: RoleProperties) -> Role {
    let policies = properties.policies.into_iter();
    Role {
        name,
        arn,
        trust: properties.assume_role_policy_document.into(),
        policies: policies
            .map(|policy| InlinePolicy {
                name: policy.policy_name,
                document: policy.policy_document.into(),
            })
            .collect(),
        // IAM's default.
        max_session_seconds: properties.max_session_duration.map_or(3600, u32::from),
    }
}
