//! Policy documents: read strictly, evaluated as IAM does.
//!
//! Read: `Version` 2012-10-17, `Effect`, `Action`, `Resource`, `Principal`, `Condition` with the
//! operators of [`Operator`], two of them also over several values. Anything else (`NotAction`, `NotResource`, `NotPrincipal`, another
//! operator) is an error when the document is read: a rule that is not understood must not be
//! passed over.

use serde_json::{Map, Value};

use super::context::Context;
use super::identities::Caller;
use super::pattern::Pattern;

/// Keys that hold several values, in lower case.
const SEVERAL: [&str; 1] = ["dynamodb:leadingkeys"];

/// Why a policy document was not accepted; names the offending element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy: {0}")]
pub struct PolicyError(String);

fn wrong<T>(what: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError(what.into()))
}

/// What a policy says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An explicit Deny: nothing outweighs it.
    Denied,
    /// An Allow that names the caller (or, in a role's policy, the request).
    Allowed,
    /// An Allow to the whole account: the caller's own policies decide.
    LeftToIdentity,
    /// Nothing.
    Silent,
}

/// A policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    actions: Vec<Pattern>,
    /// Empty in a trust policy, where the role itself is the resource.
    resources: Vec<Pattern>,
    /// `None` in a role's policy, where the role itself is the principal.
    principals: Option<Vec<Principal>>,
    conditions: Vec<Condition>,
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
    over: Over,
    if_exists: bool,
    key: String,
    values: Vec<Pattern>,
    /// The values of `Bool` and `Null`.
    wants_true: bool,
}

/// Which of a key's values have to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The one that there is.
    One,
    /// All of them; true when there are none.
    All,
    /// One of them at least.
    Any,
}

/// The operators that are emulated, each also with `IfExists` (but `Null`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    ArnLike,
    ArnNotLike,
    Bool,
    Null,
}

/// Which elements a document has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Identity,
    Resource,
    Trust,
}

impl Policy {
    /// A policy of a role or user: statements have `Resource` and no `Principal`.
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
        let Some(document) = document.as_object() else {
            return wrong("the document is not an object");
        };
        if let Some(key) = unknown_key(document, &["Version", "Id", "Statement"]) {
            return wrong(format!("{key} is not emulated"));
        }
        if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
            return wrong("Version is not \"2012-10-17\"");
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return wrong("Statement is missing"),
        };
        let statements = statements
            .into_iter()
            .map(|s| Statement::read(s, shape))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// What this policy says of `action` on `resource` by `caller`. An explicit Deny wins.
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
            let named = match &statement.principals {
                None => Verdict::Allowed,
                Some(principals) => named(principals, caller),
            };
            match (statement.allow, named) {
                (_, Verdict::Silent) => {}
                (false, _) => return Verdict::Denied,
                (true, Verdict::Allowed) => verdict = Verdict::Allowed,
                (true, _) if verdict == Verdict::Silent => verdict = Verdict::LeftToIdentity,
                (true, _) => {}
            }
        }
        verdict
    }
}

fn named(principals: &[Principal], caller: &Caller) -> Verdict {
    let mut named = Verdict::Silent;
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

impl Statement {
    fn read(statement: &Value, shape: Shape) -> Result<Self, PolicyError> {
        let Some(statement) = statement.as_object() else {
            return wrong("a statement is not an object");
        };
        let known: &[&str] = match shape {
            Shape::Identity => &["Sid", "Effect", "Action", "Resource", "Condition"],
            Shape::Resource => &[
                "Sid",
                "Effect",
                "Action",
                "Resource",
                "Condition",
                "Principal",
            ],
            Shape::Trust => &["Sid", "Effect", "Action", "Condition", "Principal"],
        };
        if let Some(key) = unknown_key(statement, known) {
            return wrong(format!("{key} in a statement is not emulated"));
        }
        let allow = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return wrong("Effect is neither \"Allow\" nor \"Deny\""),
        };
        let actions = patterns("Action", statement.get("Action"))?;
        let resources = match shape {
            Shape::Trust => Vec::new(),
            _ => patterns("Resource", statement.get("Resource"))?,
        };
        let principals = match shape {
            Shape::Identity => None,
            _ => Some(principals(statement.get("Principal"))?),
        };
        let conditions = match statement.get("Condition") {
            None => Vec::new(),
            Some(Value::Object(conditions)) => read_conditions(conditions)?,
            Some(_) => return wrong("Condition is not an object"),
        };
        Ok(Self {
            allow,
            actions,
            resources,
            principals,
            conditions,
        })
    }

    fn is_about(&self, action: &str, resource: &str, context: &Context) -> bool {
        self.actions
            .iter()
            .any(|pattern| pattern.matches_any_case(action, context))
            && (self.resources.is_empty()
                || self
                    .resources
                    .iter()
                    .any(|pattern| pattern.matches(resource, context)))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(context))
    }
}

impl Condition {
    fn holds(&self, context: &Context) -> bool {
        let fits = |value: &String| {
            let mut values = self.values.iter();
            values.any(|pattern| pattern.matches(value, context))
        };
        match self.over {
            Over::One => {}
            // "It also returns true if there are no context keys in the request" (IAM User Guide, set operators).
            Over::All => return context.all(&self.key).iter().all(fits),
            Over::Any => return context.all(&self.key).iter().any(fits),
        }
        let value = context.get(&self.key);
        let any = |matches: fn(&Pattern, &str, &Context) -> bool| {
            value.map(|value| {
                self.values
                    .iter()
                    .any(|pattern| matches(pattern, value, context))
            })
        };
        let holds = match self.operator {
            Operator::Null => return value.is_none() == self.wants_true,
            Operator::StringEquals | Operator::StringLike => any(Pattern::matches),
            Operator::StringEqualsIgnoreCase => any(Pattern::matches_any_case),
            Operator::ArnLike => any(Pattern::matches_arn),
            // A key that is not there differs from every value.
            Operator::StringNotEquals | Operator::StringNotLike => {
                return !any(Pattern::matches).unwrap_or(false);
            }
            Operator::ArnNotLike => return !any(Pattern::matches_arn).unwrap_or(false),
            Operator::Bool => value.map(|v| v.eq_ignore_ascii_case("true") == self.wants_true),
        };
        holds.unwrap_or(self.if_exists)
    }
}

fn unknown_key(object: &Map<String, Value>, known: &[&str]) -> Option<String> {
    object
        .keys()
        .find(|key| !known.contains(&key.as_str()))
        .cloned()
}

fn texts(what: &str, value: Option<&Value>) -> Result<Vec<String>, PolicyError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => wrong(format!("{what} holds something other than a text")),
    };
    let texts = match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().map(one).collect::<Result<_, _>>()?,
        Some(value) => vec![one(value)?],
    };
    if texts.is_empty() {
        return wrong(format!("{what} is missing"));
    }
    Ok(texts)
}

fn patterns(what: &str, value: Option<&Value>) -> Result<Vec<Pattern>, PolicyError> {
    let texts = texts(what, value)?;
    texts
        .iter()
        .map(|text| Pattern::with_wildcards(text).map_err(PolicyError))
        .collect()
}

fn principals(value: Option<&Value>) -> Result<Vec<Principal>, PolicyError> {
    let object = match value {
        Some(Value::String(text)) if text == "*" => return Ok(vec![Principal::Anyone]),
        Some(Value::Object(object)) => object,
        _ => return wrong("Principal is neither \"*\" nor an object"),
    };
    if let Some(key) = unknown_key(object, &["AWS", "Service"]) {
        return wrong(format!("Principal {key} is not emulated"));
    }
    let mut principals = Vec::new();
    if let Some(value) = object.get("AWS") {
        for text in texts("Principal", Some(value))? {
            principals.push(
                match text.strip_suffix(":root").map(|arn| arn.rsplit(':').next()) {
                    _ if text == "*" => Principal::Anyone,
                    Some(Some(account)) => Principal::Account(account.to_owned()),
                    _ if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) => {
                        Principal::Account(text)
                    }
                    _ if text.starts_with("arn:") && !text.contains(['*', '?']) => {
                        Principal::Arn(text)
                    }
                    _ => return wrong(format!("{text:?} is no principal")),
                },
            );
        }
    }
    if let Some(value) = object.get("Service") {
        principals.extend(
            texts("Principal", Some(value))?
                .into_iter()
                .map(Principal::Service),
        );
    }
    Ok(principals)
}

fn read_conditions(conditions: &Map<String, Value>) -> Result<Vec<Condition>, PolicyError> {
    let mut read = Vec::new();
    for (name, keys) in conditions {
        let (over, rest) = match name.split_once(':') {
            None => (Over::One, name.as_str()),
            Some(("ForAllValues", rest)) => (Over::All, rest),
            Some(("ForAnyValue", rest)) => (Over::Any, rest),
            Some(_) => return wrong(format!("the condition operator {name} is not emulated")),
        };
        let (plain, if_exists) = match rest.strip_suffix("IfExists") {
            Some(plain) => (plain, true),
            None => (rest, false),
        };
        let operator = match plain {
            "StringEquals" => Operator::StringEquals,
            "StringNotEquals" => Operator::StringNotEquals,
            "StringEqualsIgnoreCase" => Operator::StringEqualsIgnoreCase,
            "StringLike" => Operator::StringLike,
            "StringNotLike" => Operator::StringNotLike,
            // IAM: "ArnEquals and ArnLike behave identically".
            "ArnEquals" | "ArnLike" => Operator::ArnLike,
            "ArnNotEquals" | "ArnNotLike" => Operator::ArnNotLike,
            "Bool" => Operator::Bool,
            "Null" if !if_exists => Operator::Null,
            _ => return wrong(format!("the condition operator {name} is not emulated")),
        };
        let compares = matches!(operator, Operator::StringEquals | Operator::StringLike);
        if over != Over::One && (!compares || if_exists) {
            return wrong(format!("the condition operator {name} is not emulated"));
        }
        let Some(keys) = keys.as_object() else {
            return wrong(format!("{name} is not an object"));
        };
        for (key, values) in keys {
            if over == Over::One && SEVERAL.contains(&key.to_ascii_lowercase().as_str()) {
                return wrong(format!(
                    "{key} holds several values and takes ForAllValues or ForAnyValue"
                ));
            }
            let texts = texts(key, Some(values))?;
            let wants_true = match operator {
                Operator::Bool | Operator::Null => match &texts[..] {
                    [text] if text == "true" || text == "false" => text == "true",
                    _ => return wrong(format!("{name} of {key} is neither true nor false")),
                },
                _ => false,
            };
            let pattern = |text: &String| {
                match operator {
                    Operator::StringLike
                    | Operator::StringNotLike
                    | Operator::ArnLike
                    | Operator::ArnNotLike => Pattern::with_wildcards(text),
                    _ => Pattern::literal(text),
                }
                .map_err(PolicyError)
            };
            read.push(Condition {
                operator,
                over,
                if_exists,
                key: key.to_ascii_lowercase(),
                values: texts.iter().map(pattern).collect::<Result<_, _>>()?,
                wants_true,
            });
        }
    }
    Ok(read)
}
