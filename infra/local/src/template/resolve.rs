//! Resolves the template's parameters, conditions and intrinsic functions.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use super::yaml::Node;
use super::{Settings, TemplateError, has_only};
use crate::{ACCOUNT, REGION, arn};

/// The last part of a stream's ARN. On AWS it is the time of the stream's creation.
pub const STREAM_LABEL: &str = "2026-01-01T00:00:00.000";

pub(crate) struct Resolver<'a> {
    settings: &'a Settings<'a>,
    parameters: BTreeMap<String, String>,
    conditions: BTreeMap<String, bool>,
    resources: &'a [(String, Node)],
    /// Paths of the properties that are being resolved, to detect one that refers to itself.
    resolving: RefCell<Vec<String>>,
}

/// The property that may hold a resource's name. A KMS key has none.
fn name_property(resource_type: &str) -> &'static str {
    match resource_type {
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::IAM::Role" => "RoleName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::Serverless::Function" => "FunctionName",
        "AWS::KMS::Key" => "",
        _ => "Name",
    }
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(root: &'a Node, settings: &'a Settings<'a>) -> Result<Self, TemplateError> {
        let resources = match root.get("Resources") {
            Some(resources) => resources.entries("Resources")?,
            None => return Err(TemplateError::new("Resources", "missing")),
        };
        let mut resolver = Self {
            settings,
            parameters: parameters(root, settings)?,
            conditions: BTreeMap::new(),
            resources,
            resolving: RefCell::default(),
        };
        // A condition may use the conditions above it.
        if let Some(conditions) = root.get("Conditions") {
            for (name, node) in conditions.entries("Conditions")? {
                let path = format!("Conditions.{name}");
                let Node::Call(function, argument) = node else {
                    return Err(TemplateError::new(path, "not a condition"));
                };
                let holds = resolver.holds(function, argument, &path)?;
                resolver.conditions.insert(name.clone(), holds);
            }
        }
        Ok(resolver)
    }

    /// `None` is `AWS::NoValue`.
    pub(crate) fn value(&self, node: &Node, path: &str) -> Result<Option<Value>, TemplateError> {
        Ok(Some(match node {
            Node::Scalar(Value::String(text)) => Value::from(self.with_secret(text.clone(), path)?),
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
        let known = self.conditions.get(name).copied();
        known.ok_or_else(|| TemplateError::new(path, format!("unknown condition `{name}`")))
    }

    /// Replaces `{{resolve:secretsmanager:…}}` by the secret's value.
    fn with_secret(&self, text: String, path: &str) -> Result<String, TemplateError> {
        let Some(start) = text.find("{{resolve:") else {
            return Ok(text);
        };
        let unknown = || TemplateError::new(path, format!("unknown dynamic reference `{text}`"));
        let length = text[start..].find("}}").ok_or_else(unknown)?;
        let reference = &text[start..start + length];
        let id = reference
            .strip_prefix("{{resolve:secretsmanager:")
            .ok_or_else(unknown)?;
        for (logical, node) in self.resources {
            if type_of(node) == "AWS::SecretsManager::Secret"
                && self.reference(logical, path)? == id
            {
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
        let wrong = || TemplateError::new(path, format!("`{name}` does not take this"));
        let text = argument.text();
        let result = match (name, argument) {
            ("Ref", _) if text == Some("AWS::NoValue") => return Ok(None),
            ("Ref", _) => self.reference(text.ok_or_else(wrong)?, path)?,
            ("GetAtt", Node::List(parts)) => match parts.as_slice() {
                [
                    Node::Scalar(Value::String(target)),
                    Node::Scalar(Value::String(attribute)),
                ] => self.attribute(target, attribute, path)?,
                _ => return Err(wrong()),
            },
            ("GetAtt", _) => {
                let (target, attribute) = text.and_then(|t| t.split_once('.')).ok_or_else(wrong)?;
                self.attribute(target, attribute, path)?
            }
            ("Sub", _) => {
                let text = self.substitute(text.ok_or_else(wrong)?, path)?;
                self.with_secret(text, path)?
            }
            ("If", Node::List(parts)) if parts.len() == 3 => {
                let condition = parts[0].text().ok_or_else(wrong)?;
                let chosen = match self.condition(condition, path)? {
                    true => &parts[1],
                    false => &parts[2],
                };
                return self.value(chosen, path);
            }
            ("If", _) => return Err(wrong()),
            ("Split", Node::List(parts)) if parts.len() == 2 => {
                let by = parts[0].text().ok_or_else(wrong)?;
                let whole = self.value(&parts[1], path)?.ok_or_else(wrong)?;
                let whole = whole.as_str().ok_or_else(wrong)?;
                return Ok(Some(whole.split(by).collect()));
            }
            _ => return Ok(Some(Value::from(self.holds(name, argument, path)?))),
        };
        Ok(Some(Value::from(result)))
    }

    /// Evaluates a condition function.
    fn holds(&self, name: &str, argument: &Node, path: &str) -> Result<bool, TemplateError> {
        match (name, argument) {
            ("Equals", Node::List(sides)) if sides.len() == 2 => {
                Ok(self.value(&sides[0], path)? == self.value(&sides[1], path)?)
            }
            ("Not", Node::List(inner)) if inner.len() == 1 => match &inner[0] {
                Node::Call(name, argument) => Ok(!self.holds(name, argument, path)?),
                _ => Err(TemplateError::new(path, "not a condition")),
            },
            ("Condition", Node::Scalar(Value::String(name))) => self.condition(name, path),
            ("And" | "Or", Node::List(inner)) => {
                let mut sides = Vec::with_capacity(inner.len());
                for side in inner {
                    match side {
                        Node::Call(name, argument) => sides.push(self.holds(name, argument, path)?),
                        _ => return Err(TemplateError::new(path, "not a condition")),
                    }
                }
                // One side that is as the result would be decides.
                let decisive = name == "Or";
                Ok(sides.contains(&decisive) == decisive)
            }
            _ => {
                let fault = format!("unknown intrinsic function `{name}`");
                Err(TemplateError::new(path, fault))
            }
        }
    }

    /// Replaces `${Name}` and `${Name.Attribute}`, and turns `${!text}` into `${text}`.
    fn substitute(&self, text: &str, path: &str) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let end = after
                .find('}')
                .ok_or_else(|| TemplateError::new(path, "a substitution has no end"))?;
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
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::AccountId" => return Ok(ACCOUNT.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::StackName" => return Ok(settings.stack.clone()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            _ => {}
        }
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        let node = self.resource(target, path)?;
        let name = self.name(target, node)?;
        Ok(match type_of(node) {
            "AWS::SQS::Queue" => format!("{}/{}/{name}", settings.queue_endpoint, ACCOUNT),
            "AWS::SecretsManager::Secret" => arn("secretsmanager", &format!("secret:{name}")),
            "AWS::Events::Rule" => self.attribute(target, "Arn", path)?,
            _ => name,
        })
    }

    fn attribute(
        &self,
        target: &str,
        attribute: &str,
        path: &str,
    ) -> Result<String, TemplateError> {
        let node = self.resource(target, path)?;
        let name = self.name(target, node)?;
        Ok(match (type_of(node), attribute) {
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{name}")),
            ("AWS::DynamoDB::Table", "StreamArn") => {
                arn("dynamodb", &format!("table/{name}/stream/{STREAM_LABEL}"))
            }
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::KMS::Key", "Arn") => arn("kms", &format!("key/{name}")),
            ("AWS::SQS::Queue", "Arn") => arn("sqs", &name),
            ("AWS::KMS::Key", "KeyId")
            | ("AWS::SQS::Queue", "QueueName")
            | ("AWS::Events::EventBus", "Name") => name,
            ("AWS::Scheduler::ScheduleGroup", "Arn") => {
                arn("scheduler", &format!("schedule-group/{name}"))
            }
            ("AWS::Events::EventBus", "Arn") => arn("events", &format!("event-bus/{name}")),
            ("AWS::Events::Rule", "Arn") => {
                let bus = self.property(node, "EventBusName", target)?;
                let bus = bus.map_or(String::new(), |bus| format!("{bus}/"));
                arn("events", &format!("rule/{bus}{name}"))
            }
            ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", &format!("log-group:{name}:*")),
            ("AWS::Serverless::Function", "Arn") => arn("lambda", &format!("function:{name}")),
            ("AWS::Serverless::HttpApi", "ApiEndpoint") => self.settings.api_endpoint.clone(),
            _ => {
                let fault = format!("`{target}` has no attribute `{attribute}` here");
                return Err(TemplateError::new(path, fault));
            }
        })
    }

    fn resource(&self, logical: &str, path: &str) -> Result<&'a Node, TemplateError> {
        let mut resources = self.resources.iter();
        let found = resources.find(|(name, _)| name == logical);
        found.map(|(_, node)| node).ok_or_else(|| {
            let fault = format!("`{logical}` is neither a parameter nor a resource");
            TemplateError::new(path, fault)
        })
    }

    /// The physical name: the template's, or else made from the stack's name and the logical id.
    pub(crate) fn name(&self, logical: &str, node: &Node) -> Result<String, TemplateError> {
        let given = self.property(node, name_property(type_of(node)), logical)?;
        Ok(given.unwrap_or_else(|| {
            let name = format!("{}-{logical}", self.settings.stack);
            match type_of(node) {
                // S3: bucket names have no capitals.
                "AWS::S3::Bucket" => name.to_lowercase(),
                "AWS::KMS::Key" => key_id(&name),
                _ => name,
            }
        }))
    }

    pub(crate) fn arn_of(&self, logical: &str, path: &str) -> Result<String, TemplateError> {
        self.attribute(logical, "Arn", path)
    }

    /// A string property. One that refers to itself is an error.
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
        if self.resolving.borrow().contains(&path) {
            return Err(TemplateError::new(path, "refers to itself"));
        }
        self.resolving.borrow_mut().push(path.clone());
        let value = self.value(value, &path);
        self.resolving.borrow_mut().pop();
        match value? {
            Some(Value::String(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(TemplateError::new(path, "not a string")),
        }
    }
}

/// A KMS key's id in the form of a UUID, derived from the name so that it is the same after a restart.
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
        let known = [
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
        ];
        has_only(node, &path, &known)?;
        let value = match (settings.parameters.get(name), node.get("Default")) {
            (Some(given), _) => given.clone(),
            (None, Some(Node::Scalar(Value::String(text)))) => text.clone(),
            (None, Some(Node::Scalar(value))) => value.to_string(),
            (None, Some(_)) => return Err(TemplateError::new(path, "not a scalar")),
            (None, None) => {
                return Err(TemplateError::new(
                    path,
                    "this parameter has no default and was not given",
                ));
            }
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
            "there is no such parameter",
        )),
    }
}
