//! Event patterns: which events a rule is about.
//!
//! Source: "Comparison operators for use in event patterns", EventBridge User Guide. Read: lists of
//! values, `prefix`, `suffix`, `equals-ignore-case`, `anything-but` (values or a prefix), `exists`,
//! `numeric`; nested. Other operators are refused when the rule is put.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<(String, Wanted)>);

#[derive(Clone, Debug)]
enum Wanted {
    Inside(Pattern),
    OneOf(Vec<Test>),
}

#[derive(Clone, Debug)]
enum Test {
    Is(Value),
    Prefix(String),
    Suffix(String),
    IgnoringCase(String),
    NoneOf(Vec<Value>),
    NotPrefix(String),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(
        "InvalidEventPatternException",
        format!("Event pattern is not valid. Reason: {why}"),
    )
}

impl Pattern {
    /// Reads a pattern's JSON.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_str(text).map_err(|_| invalid("it is not JSON"))?;
        match value {
            Value::Object(object) if !object.is_empty() => Self::of(&object),
            _ => Err(invalid("it is not an object with fields")),
        }
    }

    fn of(object: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut fields = Vec::new();
        for (key, value) in object {
            if key == "$or" {
                return Err(invalid("$or is not emulated here"));
            }
            let wanted = match value {
                Value::Object(inside) if !inside.is_empty() => Wanted::Inside(Self::of(inside)?),
                Value::Array(tests) if !tests.is_empty() => {
                    Wanted::OneOf(tests.iter().map(Test::of).collect::<Result<_, _>>()?)
                }
                _ => return Err(invalid(&format!("{key} must be an object or an array"))),
            };
            fields.push((key.clone(), wanted));
        }
        Ok(Self(fields))
    }

    /// Whether an event fits: each field that the pattern names does.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(key, wanted)| match wanted {
            Wanted::Inside(pattern) => match event.get(key) {
                Some(Value::Array(elements)) => elements.iter().any(|e| pattern.matches(e)),
                Some(value) => pattern.matches(value),
                None => pattern.matches(&Value::Null),
            },
            Wanted::OneOf(tests) => match event.get(key) {
                Some(Value::Array(elements)) => tests
                    .iter()
                    .any(|test| elements.iter().any(|e| test.holds(Some(e)))),
                Some(Value::Object(_)) => tests.iter().any(|t| matches!(t, Test::Exists(true))),
                value => tests.iter().any(|test| test.holds(value)),
            },
        })
    }
}

impl Test {
    fn of(value: &Value) -> Result<Self, Refusal> {
        let Value::Object(object) = value else {
            return match value {
                Value::Array(_) => Err(invalid("a list within a list")),
                value => Ok(Self::Is(value.clone())),
            };
        };
        let mut operators = object.iter();
        let (Some((operator, operand)), None) = (operators.next(), operators.next()) else {
            return Err(invalid("one operator is expected"));
        };
        let text = || {
            let text = operand
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned);
            text.ok_or_else(|| invalid(&format!("{operator} wants a text")))
        };
        match operator.as_str() {
            "prefix" => Ok(Self::Prefix(text()?)),
            "suffix" => Ok(Self::Suffix(text()?)),
            "equals-ignore-case" => Ok(Self::IgnoringCase(text()?)),
            "exists" => operand
                .as_bool()
                .map(Self::Exists)
                .ok_or_else(|| invalid("exists wants true or false")),
            "anything-but" => match operand {
                Value::Object(inside) => match inside.get("prefix").and_then(Value::as_str) {
                    Some(prefix) if inside.len() == 1 => Ok(Self::NotPrefix(prefix.to_owned())),
                    _ => Err(invalid(
                        "anything-but: only values and prefix are emulated here",
                    )),
                },
                Value::Array(values) if !values.is_empty() => Ok(Self::NoneOf(values.clone())),
                Value::String(_) | Value::Number(_) => Ok(Self::NoneOf(vec![operand.clone()])),
                _ => Err(invalid("anything-but wants values")),
            },
            "numeric" => numeric(operand),
            _ => Err(invalid(&format!(
                "{operator} is not emulated here, or unknown"
            ))),
        }
    }

    /// Whether a field's value fits; `None`: the event does not have the field.
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Exists(false));
        };
        let text = value.as_str();
        match self {
            Self::Is(wanted) => same(wanted, value),
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::IgnoringCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::NoneOf(unwanted) => !unwanted.iter().any(|unwanted| same(unwanted, value)),
            Self::NotPrefix(prefix) => text.is_some_and(|text| !text.starts_with(prefix)),
            Self::Exists(wanted) => *wanted,
            Self::Numeric(bounds) => value.as_f64().is_some_and(|number| {
                bounds.iter().all(|(comparison, bound)| match comparison {
                    Comparison::Less => number < *bound,
                    Comparison::AtMost => number <= *bound,
                    Comparison::Equal => number == *bound,
                    Comparison::AtLeast => number >= *bound,
                    Comparison::More => number > *bound,
                })
            }),
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn numeric(operand: &Value) -> Result<Test, Refusal> {
    let wrong = || invalid("numeric wants comparisons and numbers in turn");
    let parts = operand
        .as_array()
        .filter(|p| matches!(p.len(), 2 | 4))
        .ok_or_else(wrong)?;
    let mut bounds = Vec::new();
    for pair in parts.chunks_exact(2) {
        let comparison = match pair[0].as_str() {
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::AtMost,
            Some("=") => Comparison::Equal,
            Some(">=") => Comparison::AtLeast,
            Some(">") => Comparison::More,
            _ => return Err(wrong()),
        };
        bounds.push((comparison, pair[1].as_f64().ok_or_else(wrong)?));
    }
    Ok(Test::Numeric(bounds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_operator_as_documented() {
        let event = json!({
            "source": "homehail.orders",
            "detail": {"n": 9, "kind": "ok", "tags": ["a", "b"], "inner": {"x": null}}
        });
        for (pattern, expected) in [
            (json!({"source": ["homehail.orders"]}), true),
            (json!({"source": ["other"]}), false),
            (json!({"source": [{"prefix": "homehail."}]}), true),
            (json!({"source": [{"suffix": ".orders"}]}), true),
            (
                json!({"source": [{"equals-ignore-case": "Homehail.Orders"}]}),
                true,
            ),
            (
                json!({"detail": {"n": [{"numeric": [">", 5, "<=", 9]}]}}),
                true,
            ),
            (json!({"detail": {"n": [{"numeric": ["<", 9]}]}}), false),
            (json!({"detail": {"n": [9.0]}}), true),
            (
                json!({"detail": {"kind": [{"anything-but": ["ok"]}]}}),
                false,
            ),
            (json!({"detail": {"kind": [{"anything-but": "no"}]}}), true),
            (
                json!({"detail": {"kind": [{"anything-but": {"prefix": "o"}}]}}),
                false,
            ),
            (json!({"detail": {"tags": ["b"]}}), true),
            (json!({"detail": {"missing": [{"exists": false}]}}), true),
            (json!({"detail": {"kind": [{"exists": false}]}}), false),
            (json!({"detail": {"inner": {"x": [null]}}}), true),
            (
                json!({"detail": {"missing": {"deep": [{"exists": false}]}}}),
                true,
            ),
        ] {
            let read = Pattern::read(&pattern.to_string()).unwrap();
            assert_eq!(read.matches(&event), expected, "{pattern}");
        }
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"a":"b"}"#,
            r#"{"a":[]}"#,
            r#"{"a":[{"cidr":"::/0"}]}"#,
        ] {
            assert!(Pattern::read(wrong).is_err(), "{wrong}");
        }
    }
}
