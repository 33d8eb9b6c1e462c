//! Building blocks of resources' properties, and reading them from a value.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TemplateError;

/// A property that is allowed and has no effect in a local run.
pub(super) type Ignored = Option<IgnoredAny>;

/// Defines structs that read properties in PascalCase and refuse unknown ones.
macro_rules! properties {
    ($($(#[$attribute:meta])* struct $name:ident { $($body:tt)* })*) => {$(
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        $(#[$attribute])*
        pub(super) struct $name { $($body)* }
    )*};
}

/// Defines enums of a single value, for properties whose other values are not supported here.
macro_rules! only {
    ($($name:ident = $value:literal;)*) => {$(
        #[derive(serde::Deserialize)]
        pub(super) enum $name {
            #[serde(rename = $value)]
            Only,
        }
    )*};
}

pub(super) use {only, properties};

/// `path` is the value's place in the template, for errors.
pub(super) fn read<T: DeserializeOwned>(value: Value, path: &str) -> Result<T, TemplateError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            inner if inner == "." => path.to_owned(),
            inner => format!("{path}.{inner}"),
        };
        TemplateError::new(path, error.into_inner().to_string())
    })
}

/// A whole number. CloudFormation also accepts it as a text, such as `"30"`.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(try_from = "Value", into = "u32")]
pub(super) struct Whole(pub(super) u32);

impl TryFrom<Value> for Whole {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        let number = text.parse();
        number
            .map(Self)
            .map_err(|_| format!("`{text}` is not a whole number"))
    }
}

impl From<Whole> for u32 {
    fn from(number: Whole) -> Self {
        number.0
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "not a text")]
pub(super) enum Text {
    Text(String),
    Number(serde_json::Number),
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// A policy document. Only its elements' names are checked here; `local_cloud::iam` reads the rest.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PolicyDocument {
    version: PolicyVersion,
    statement: Vec<Statement>,
}

#[derive(Deserialize, Serialize)]
enum PolicyVersion {
    #[serde(rename = "2012-10-17")]
    Only,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<Operator, Value>>,
}

#[derive(Deserialize, Serialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    StringEquals,
    StringNotEquals,
    StringLike,
    ArnEquals,
    ArnLike,
    #[serde(rename = "ForAllValues:StringEquals")]
    AllStringEquals,
    #[serde(rename = "ForAllValues:StringLike")]
    AllStringLike,
}

impl From<PolicyDocument> for Value {
    fn from(document: PolicyDocument) -> Self {
        serde_json::json!(document)
    }
}
