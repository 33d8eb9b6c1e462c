//! Parameters, conditions and intrinsic functions.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use super::yaml::Node;
use super::{Fault, Settings, TemplateError};

/// The name that a stream's ARN ends in. On AWS it is the time at which the stream was made.
pub const STREAM_LABEL: &str = "2026-01-01T00:00:00.000";

/// Resolves values of the template.
pub(crate) struct Resolver<'a> {
    settings: &'a Settings<'a>,
    parameters: BTreeMap<String, String>,
    conditions: BTreeMap<String, bool>,
    resources: &'a [(String, Node)],
    /// Resources whose names are being made, to notice one that is made from itself.
    naming: RefCell<Vec<String>>,
}

/// How a resource type is named and referred to.
struct Naming {
    /// The property that may hold its name.
    name_property: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Bucket,
    SigningKey,
    Queue,
    ScheduleGroup,
    Bus,
    Rule,
    Role,
    Secret,
    LogGroup,
    Api,
    Function,
    /// Cannot be referred to in a way that matters here.
    Other,
}

fn naming(resource_type: &str) -> Naming {
    let (name_property, kind) = match resource_type {
        "AWS::DynamoDB::Table" => ("TableName", Kind::Table),
        "AWS::S3::Bucket" => ("BucketName", Kind::Bucket),
        // A key has no name of its own choosing.
        "AWS::KMS::Key" => ("", Kind::SigningKey),
        "AWS::SQS::Queue" => ("QueueName", Kind::Queue),
        "AWS::Scheduler::ScheduleGroup" => ("Name", Kind::ScheduleGroup),
        "AWS::Events::EventBus" => ("Name", Kind::Bus),
        "AWS::Events::Rule" => ("Name", Kind::Rule),
        "AWS::IAM::Role" => ("RoleName", Kind::Role),
        "AWS::SecretsManager::Secret" => ("Name", Kind::Secret),
        "AWS::Logs::LogGroup" => ("LogGroupName", Kind::LogGroup),
        "AWS::Serverless::HttpApi" => ("Name", Kind::Api),
        "AWS::Serverless::Function" => ("FunctionName", Kind::Function),
        _ => ("", Kind::Other),
    };
    Naming {
        name_property,
        kind,
    }
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(root: &'a Node, settings: &'a Settings<'a>) -> Result<Self, TemplateError> {
        let resources = match root.get("Resources") {
            Some(resources) => resources.entries("Resources")?,
            None => return Err(TemplateError::new("Resources", Fault::Missing)),
        };
        let mut resolver = Self {
            settings,
            parameters: parameters(root, settings)?,
            conditions: BTreeMap::new(),
            resources,
            naming: RefCell::default(),
        };
        // A condition may use those above it.
        if let Some(conditions) = root.get("Conditions") {
            for (name, node) in conditions.entries("Conditions")? {
                let truth = resolver.truth(node, &format!("Conditions.{name}"))?;
                resolver.conditions.insert(name.clone(), truth);
            }
        }
        Ok(resolver)
    }

    /// The value of a node; `None` is `AWS::NoValue`.
    pub(crate) fn value(&self, node: &Node, path: &str) -> Result<Option<Value>, TemplateError> {
        Ok(Some(match node {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    list.extend(self.value(item, &format!("{path}[{index}]"))?);
                }
                Value::Array(list)
            }
            Node::Map(entries) => {
                let mut map = Map::new();
                for (key, node) in entries {
                    if let Some(value) = self.value(node, &format!("{path}.{key}"))? {
                        map.insert(key.clone(), value);
                    }
                }
                Value::Object(map)
            }
            Node::Call(name, argument) => return self.call(name, argument, path),
        }))
    }

    pub(crate) fn condition(&self, name: &str, path: &str) -> Result<bool, TemplateError> {
        self.conditions
            .get(name)
            .copied()
            .ok_or_else(|| TemplateError::new(path, Fault::UnknownCondition(name.to_owned())))
    }

    /// Replaces `{{resolve:secretsmanager:…}}` by the secret's value.
    pub(crate) fn dynamic(&self, text: String, path: &str) -> Result<String, TemplateError> {
        let Some(start) = text.find("{{resolve:") else {
            return Ok(text);
        };
        let unknown = || TemplateError::new(path, Fault::UnknownDynamicReference(text.clone()));
        let length = text[start..].find("}}").ok_or_else(unknown)?;
        let reference = &text[start..start + length];
        let id = reference
            .strip_prefix("{{resolve:secretsmanager:")
            .ok_or_else(unknown)?;
        for (logical, node) in self.resources {
            if kind_of(node) == Kind::Secret && self.reference(logical, path)? == id {
                let value = (self.settings.secret)(logical);
                return Ok(format!(
                    "{}{value}{}",
                    &text[..start],
                    &text[start + length + 2..]
                ));
            }
        }
        Err(unknown())
    }

    fn call(
        &self,
        name: &str,
        argument: &Node,
        path: &str,
    ) -> Result<Option<Value>, TemplateError> {
        let text = |kind| {
            argument
                .text()
                .ok_or_else(|| TemplateError::new(path, Fault::NotA(kind)))
        };
        match name {
            "Ref" => {
                let target = text("reference")?;
                if target == "AWS::NoValue" {
                    return Ok(None);
                }
                self.reference(target, path)
                    .map(|value| Some(Value::from(value)))
            }
            "GetAtt" => {
                let target = match argument {
                    Node::List(parts) => parts
                        .iter()
                        .map(Node::text)
                        .collect::<Option<Vec<_>>>()
                        .map(|parts| parts.join(".")),
                    other => other.text().map(str::to_owned),
                }
                .ok_or_else(|| TemplateError::new(path, Fault::NotA("resource and attribute")))?;
                let (resource, attribute) = target.split_once('.').ok_or_else(|| {
                    TemplateError::new(path, Fault::NotA("resource and attribute"))
                })?;
                self.attribute(resource, attribute, path)
                    .map(|value| Some(Value::from(value)))
            }
            "Sub" => self
                .substitute(text("string")?, path)
                .map(|value| Some(Value::from(value))),
            "If" => match argument {
                Node::List(parts) if parts.len() == 3 => {
                    let condition = parts[0]
                        .text()
                        .ok_or_else(|| TemplateError::new(path, Fault::NotA("condition")))?;
                    let chosen = if self.condition(condition, path)? {
                        1
                    } else {
                        2
                    };
                    self.value(&parts[chosen], path)
                }
                _ => Err(TemplateError::new(path, Fault::NotA("list of three"))),
            },
            "Equals" | "Not" => Ok(Some(Value::from(self.truth_of(name, argument, path)?))),
            other => Err(TemplateError::new(
                path,
                Fault::UnknownIntrinsic(other.to_owned()),
            )),
        }
    }

    fn truth(&self, node: &Node, path: &str) -> Result<bool, TemplateError> {
        match node {
            Node::Call(name, argument) => self.truth_of(name, argument, path),
            _ => Err(TemplateError::new(path, Fault::NotA("condition"))),
        }
    }

    fn truth_of(&self, name: &str, argument: &Node, path: &str) -> Result<bool, TemplateError> {
        match (name, argument) {
            ("Equals", Node::List(sides)) if sides.len() == 2 => {
                Ok(self.value(&sides[0], path)? == self.value(&sides[1], path)?)
            }
            ("Not", Node::List(of)) if of.len() == 1 => Ok(!self.truth(&of[0], path)?),
            ("Condition", Node::Scalar(Value::String(name))) => self.condition(name, path),
            ("Equals" | "Not" | "Condition", _) => {
                Err(TemplateError::new(path, Fault::NotA("condition")))
            }
            _ => Err(TemplateError::new(
                path,
                Fault::UnknownIntrinsic(name.to_owned()),
            )),
        }
    }

    /// `${Name}`, `${Name.Attribute}`; `${!text}` stands for `${text}`.
    fn substitute(&self, text: &str, path: &str) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let end = after
                .find('}')
                .ok_or_else(|| TemplateError::new(path, Fault::NotA("substitution")))?;
            let name = &after[..end];
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
            } else if let Some((resource, attribute)) = name.split_once('.') {
                out.push_str(&self.attribute(resource, attribute, path)?);
            } else {
                out.push_str(&self.reference(name, path)?);
            }
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn reference(&self, target: &str, path: &str) -> Result<String, TemplateError> {
        let settings = self.settings;
        match target {
            "AWS::Region" => return Ok(settings.region.clone()),
            "AWS::AccountId" => return Ok(settings.account.clone()),
            "AWS::Partition" => return Ok(settings.partition.clone()),
            "AWS::StackName" => return Ok(settings.stack.clone()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            _ => {}
        }
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        let node = self
            .resource(target)
            .ok_or_else(|| TemplateError::new(path, Fault::UnknownReference(target.to_owned())))?;
        let name = self.name(target, node)?;
        Ok(match kind_of(node) {
            Kind::Queue => format!("{}/{}/{name}", settings.queue_endpoint, settings.account),
            Kind::Secret => self.arn("secretsmanager", &format!("secret:{name}")),
            Kind::Rule => self.attribute(target, "Arn", path)?,
            _ => name,
        })
    }

    fn attribute(
        &self,
        target: &str,
        attribute: &str,
        path: &str,
    ) -> Result<String, TemplateError> {
        let unknown = || {
            TemplateError::new(
                path,
                Fault::UnknownAttribute {
                    resource: target.to_owned(),
                    attribute: attribute.to_owned(),
                },
            )
        };
        let node = self
            .resource(target)
            .ok_or_else(|| TemplateError::new(path, Fault::UnknownReference(target.to_owned())))?;
        let name = self.name(target, node)?;
        let Settings {
            account, partition, ..
        } = self.settings;
        Ok(match (kind_of(node), attribute) {
            (Kind::Table, "Arn") => self.arn("dynamodb", &format!("table/{name}")),
            (Kind::Table, "StreamArn") => {
                self.arn("dynamodb", &format!("table/{name}/stream/{STREAM_LABEL}"))
            }
            (Kind::Bucket, "Arn") => format!("arn:{partition}:s3:::{name}"),
            (Kind::SigningKey, "Arn") => self.arn("kms", &format!("key/{name}")),
            (Kind::SigningKey, "KeyId") => name,
            (Kind::Queue, "Arn") => self.arn("sqs", &name),
            (Kind::Queue, "QueueName") | (Kind::Bus, "Name") => name,
            (Kind::ScheduleGroup, "Arn") => {
                self.arn("scheduler", &format!("schedule-group/{name}"))
            }
            (Kind::Bus, "Arn") => self.arn("events", &format!("event-bus/{name}")),
            (Kind::Rule, "Arn") => {
                let bus = self.property(node, "EventBusName", target)?;
                match bus {
                    Some(bus) => self.arn("events", &format!("rule/{bus}/{name}")),
                    None => self.arn("events", &format!("rule/{name}")),
                }
            }
            (Kind::Role, "Arn") => format!("arn:{partition}:iam::{account}:role/{name}"),
            (Kind::LogGroup, "Arn") => self.arn("logs", &format!("log-group:{name}:*")),
            (Kind::Function, "Arn") => self.arn("lambda", &format!("function:{name}")),
            (Kind::Api, "ApiEndpoint") => self.settings.api_endpoint.clone(),
            _ => return Err(unknown()),
        })
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        let Settings {
            partition,
            region,
            account,
            ..
        } = self.settings;
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    }

    fn resource(&self, logical: &str) -> Option<&'a Node> {
        self.resources
            .iter()
            .find(|(name, _)| name == logical)
            .map(|(_, node)| node)
    }

    /// The physical name: as the template says, else made from the stack's name and the logical id.
    pub(crate) fn name(&self, logical: &str, node: &Node) -> Result<String, TemplateError> {
        let given = self.property(node, naming(type_of(node)).name_property, logical)?;
        Ok(given.unwrap_or_else(|| {
            let name = format!("{}-{logical}", self.settings.stack);
            match kind_of(node) {
                // Names of buckets have no capitals.
                Kind::Bucket => name.to_lowercase(),
                Kind::SigningKey => key_id(&name),
                _ => name,
            }
        }))
    }

    /// The ARN of a resource that has one.
    pub(crate) fn arn_of(&self, logical: &str, path: &str) -> Result<String, TemplateError> {
        self.attribute(logical, "Arn", path)
    }

    /// A string property, with a guard against properties that are made from themselves.
    fn property(
        &self,
        node: &Node,
        property: &str,
        logical: &str,
    ) -> Result<Option<String>, TemplateError> {
        let Some(value) = node.get("Properties").and_then(|p| p.get(property)) else {
            return Ok(None);
        };
        let path = format!("Resources.{logical}.Properties.{property}");
        if self.naming.borrow().contains(&path) {
            return Err(TemplateError::new(path, Fault::Circular));
        }
        self.naming.borrow_mut().push(path.clone());
        let value = self.value(value, &path);
        self.naming.borrow_mut().pop();
        match value? {
            Some(Value::String(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(TemplateError::new(path, Fault::NotA("string"))),
        }
    }
}

/// A key's id has the form of a UUID; here it follows from the name, so that a restart finds it again.
fn key_id(name: &str) -> String {
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    let hex = HEXLOWER.encode(&hash.as_ref()[..16]);
    let (a, rest) = hex.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

fn type_of(node: &Node) -> &str {
    node.get("Type").and_then(Node::text).unwrap_or_default()
}

fn kind_of(node: &Node) -> Kind {
    naming(type_of(node)).kind
}

fn parameters(
    root: &Node,
    settings: &Settings<'_>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let declared = match root.get("Parameters") {
        Some(parameters) => parameters.entries("Parameters")?,
        None => &[],
    };
    let mut values = BTreeMap::new();
    for (name, node) in declared {
        let path = format!("Parameters.{name}");
        for (key, _) in node.entries(&path)? {
            if ![
                "Type",
                "Default",
                "Description",
                "AllowedValues",
                "AllowedPattern",
                "ConstraintDescription",
                "MinValue",
                "MaxValue",
                "MinLength",
                "MaxLength",
                "NoEcho",
            ]
            .contains(&key.as_str())
            {
                return Err(TemplateError::new(
                    format!("{path}.{key}"),
                    Fault::UnknownProperty,
                ));
            }
        }
        let value = match (settings.parameters.get(name), node.get("Default")) {
            (Some(given), _) => given.clone(),
            (None, Some(Node::Scalar(Value::String(text)))) => text.clone(),
            (None, Some(Node::Scalar(value @ (Value::Number(_) | Value::Bool(_))))) => {
                value.to_string()
            }
            (None, Some(_)) => return Err(TemplateError::new(path, Fault::NotA("scalar"))),
            (None, None) => return Err(TemplateError::new(path, Fault::ParameterNotGiven)),
        };
        values.insert(name.clone(), value);
    }
    match settings
        .parameters
        .keys()
        .find(|name| !values.contains_key(*name))
    {
        None => Ok(values),
        Some(name) => Err(TemplateError::new(
            format!("Parameters.{name}"),
            Fault::UnknownParameter,
        )),
    }
}
