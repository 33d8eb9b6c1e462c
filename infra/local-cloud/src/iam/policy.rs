//! Policy documents: read strictly, evaluated as IAM does.
//!
//! A rule that is not understood must not be passed over: whatever is not in the structures below
//! (`NotAction`, `NotResource`, `NotPrincipal`, another operator) is an error when the document is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::caller::Caller;
use super::context::Context;
use super::pattern::Pattern;

/// Keys that hold several values, in lower case.
const SEVERAL: [&str; 1] = ["dynamodb:leadingkeys"];

type ReadPattern = fn(&str) -> Result<Pattern, String>;

/// Why a policy document was not accepted; names the offending element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy: {0}")]
pub struct PolicyError(String);

fn wrong<T>(what: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError(what.into()))
}

/// A policy's decision on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// By an explicit Deny: nothing outweighs it.
    Denied,
    Allowed,
    /// An Allow to the whole account: the caller's own policies decide.
    LeftToIdentity,
    Silent,
}

#[derive(Clone, Debug)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    effect: Effect,
    /// In lower case.
    actions: Vec<Pattern>,
    /// `None` in a trust policy, where the role itself is the resource.
    resources: Option<Vec<Pattern>>,
    /// `None` in a role's policy, where the role itself is the principal.
    principals: Option<Vec<Principal>>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Principal {
    Anyone,
    Account(String),
    Arn(String),
    Service(String),
}

#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    /// In lower case.
    key: String,
    values: Vec<Pattern>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// The key's one value is one of these.
    Text,
    /// As [`Self::Text`], part by part of the ARN.
    Arn,
    /// Each of the key's values is one of these; true when there are none.
    AllTexts,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    version: String,
    #[serde(default, rename = "Id")]
    _id: IgnoredAny,
    statement: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StatementDocument {
    #[serde(default, rename = "Sid")]
    _sid: IgnoredAny,
    effect: Effect,
    action: Value,
    resource: Option<Value>,
    principal: Option<Value>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalDocument {
    #[serde(rename = "AWS")]
    aws: Option<Value>,
    #[serde(rename = "Service")]
    service: Option<Value>,
}

/// Which of `Resource` and `Principal` a statement has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Identity,
    Resource,
    Trust,
}

impl Policy {
    /// A policy of a role: statements have `Resource` and no `Principal`.
    pub fn of_identity(document: &Value) -> Result<Self, PolicyError> {
        Self::read(document, Shape::Identity)
    }

    /// A policy of a resource, such as a queue: statements have `Principal` and `Resource`.
    pub fn of_resource(document: &Value) -> Result<Self, PolicyError> {
        Self::read(document, Shape::Resource)
    }

    /// A role's trust policy: statements have `Principal` and no `Resource`.
    pub fn of_trust(document: &Value) -> Result<Self, PolicyError> {
        Self::read(document, Shape::Trust)
    }

    fn read(document: &Value, shape: Shape) -> Result<Self, PolicyError> {
        let document: Document = parse("the document", document.clone())?;
        if document.version != "2012-10-17" {
            return wrong("Version is not \"2012-10-17\"");
        }
        let statements = match document.statement {
            Value::Array(statements) => statements,
            statement => vec![statement],
        };
        let statements = statements
            .into_iter()
            .map(|statement| Statement::read(statement, shape))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// The decision on `action` on `resource` by `caller`. An explicit Deny wins.
    pub(super) fn verdict(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            if !statement.is_about(action, resource, context) {
                continue;
            }
            match (statement.effect, statement.names(caller)) {
                (_, Verdict::Silent) => {}
                (Effect::Deny, _) => return Verdict::Denied,
                (Effect::Allow, Verdict::Allowed) => verdict = Verdict::Allowed,
                (Effect::Allow, _) if verdict == Verdict::Silent => {
                    verdict = Verdict::LeftToIdentity;
                }
                (Effect::Allow, _) => {}
            }
        }
        verdict
    }
}

impl Statement {
    fn read(statement: Value, shape: Shape) -> Result<Self, PolicyError> {
        let statement: StatementDocument = parse("a statement", statement)?;
        let expects_resource = shape != Shape::Trust;
        let expects_principal = shape != Shape::Identity;
        if statement.resource.is_some() != expects_resource {
            return wrong("Resource is missing, or does not belong in this kind of policy");
        }
        if statement.principal.is_some() != expects_principal {
            return wrong("Principal is missing, or does not belong in this kind of policy");
        }
        let mut conditions = Vec::new();
        for (operator, keys) in statement.condition {
            for (key, values) in keys {
                conditions.push(Condition::read(&operator, &key, values)?);
            }
        }
        // IAM compares actions without regard to case.
        let action = |text: &str| Pattern::with_wildcards(&text.to_ascii_lowercase());
        Ok(Self {
            effect: statement.effect,
            actions: patterns("Action", statement.action, action)?,
            resources: statement
                .resource
                .map(|value| patterns("Resource", value, Pattern::with_wildcards))
                .transpose()?,
            principals: statement.principal.map(principals).transpose()?,
            conditions,
        })
    }

    fn is_about(&self, action: &str, resource: &str, context: &Context) -> bool {
        let action = action.to_ascii_lowercase();
        let fits =
            |patterns: &[Pattern], text: &str| patterns.iter().any(|p| p.matches(text, context));
        fits(&self.actions, &action)
            && self.resources.as_ref().is_none_or(|r| fits(r, resource))
            && self.conditions.iter().all(|c| c.holds(context))
    }

    /// Whether it is about `caller`: by name, as one of the account, or not at all.
    fn names(&self, caller: &Caller) -> Verdict {
        let mut named = Verdict::Silent;
        let Some(principals) = &self.principals else {
            return Verdict::Allowed;
        };
        for principal in principals {
            match principal {
                Principal::Anyone => return Verdict::Allowed,
                Principal::Arn(arn) if caller.is(arn) => return Verdict::Allowed,
                Principal::Service(name) if caller.is_service(name) => return Verdict::Allowed,
                Principal::Account(account) if caller.is_of_account(account) => {
                    named = Verdict::LeftToIdentity;
                }
                _ => {}
            }
        }
        named
    }
}

impl Condition {
    fn read(operator: &str, key: &str, values: Value) -> Result<Self, PolicyError> {
        let (operator, read): (Operator, ReadPattern) = match operator {
            "StringEquals" => (Operator::Text, Pattern::literal),
            "StringLike" => (Operator::Text, Pattern::with_wildcards),
            // IAM: "ArnEquals and ArnLike behave identically".
            "ArnEquals" | "ArnLike" => (Operator::Arn, Pattern::with_wildcards),
            "ForAllValues:StringEquals" => (Operator::AllTexts, Pattern::literal),
            "ForAllValues:StringLike" => (Operator::AllTexts, Pattern::with_wildcards),
            _ => {
                return wrong(format!("the condition operator {operator} is not emulated"));
            }
        };
        let lower_case_key = key.to_ascii_lowercase();
        if operator != Operator::AllTexts && SEVERAL.contains(&lower_case_key.as_str()) {
            return wrong(format!("{key} holds several values and takes ForAllValues"));
        }
        Ok(Self {
            operator,
            key: lower_case_key,
            values: patterns(key, values, read)?,
        })
    }

    fn holds(&self, context: &Context) -> bool {
        let any = |matches: fn(&Pattern, &str, &Context) -> bool, value: &str| {
            self.values.iter().any(|p| matches(p, value, context))
        };
        match self.operator {
            // "It also returns true if there are no context keys in the request" (IAM User Guide, set operators).
            Operator::AllTexts => {
                let mut values = context.all(&self.key).iter();
                values.all(|value| any(Pattern::matches, value))
            }
            Operator::Text => context
                .get(&self.key)
                .is_some_and(|value| any(Pattern::matches, value)),
            Operator::Arn => context
                .get(&self.key)
                .is_some_and(|value| any(Pattern::matches_arn, value)),
        }
    }
}

fn parse<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, PolicyError> {
    serde_json::from_value(value).or_else(|error| wrong(format!("{what}: {error}")))
}

/// One text or a list of them, but not none.
fn texts(what: &str, value: Value) -> Result<Vec<String>, PolicyError> {
    let texts = match value {
        Value::String(text) => vec![text],
        value => parse::<Vec<String>>(what, value)?,
    };
    match texts.is_empty() {
        true => wrong(format!("{what} is empty")),
        false => Ok(texts),
    }
}

fn patterns(what: &str, value: Value, read: ReadPattern) -> Result<Vec<Pattern>, PolicyError> {
    let texts = texts(what, value)?;
    texts
        .iter()
        .map(|text| read(text).map_err(PolicyError))
        .collect()
}

fn principals(value: Value) -> Result<Vec<Principal>, PolicyError> {
    if value == "*" {
        return Ok(vec![Principal::Anyone]);
    }
    let document: PrincipalDocument = parse("Principal", value)?;
    let mut principals = Vec::new();
    for text in document
        .aws
        .map_or(Ok(Vec::new()), |aws| texts("Principal", aws))?
    {
        let account = text
            .strip_suffix(":root")
            .and_then(|arn| arn.rsplit(':').next());
        principals.push(match account {
            Some(account) => Principal::Account(account.to_owned()),
            None if text == "*" => Principal::Anyone,
            None if text.starts_with("arn:") && !text.contains(['*', '?']) => Principal::Arn(text),
            None => return wrong(format!("{text:?} is no principal")),
        });
    }
    if let Some(services) = document.service {
        let services = texts("Principal", services)?;
        principals.extend(services.into_iter().map(Principal::Service));
    }
    Ok(principals)
}
