//! Event patterns, which select a rule's events, and the records of a stream that wake a function.
//!
//! Fields that hold one of a list of values, or begin with one (`prefix`), also nested. The other operators (`numeric`,
//! `exists` and so on) are refused when the pattern is read.

use serde_json::Value;

use crate::refusal::Refusal;

#[derive(Clone, Debug)]
pub struct Pattern(Vec<(String, Wanted)>);

#[derive(Clone, Debug)]
enum Wanted {
    Inside(Pattern),
    OneOf(Vec<Value>),
}

/// Whether a value is the wanted one, or begins as it says.
fn fits(value: &Value, wanted: &Value) -> bool {
    match wanted["prefix"].as_str() {
        Some(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
        None => value == wanted,
    }
}

/// `{"prefix": "text"}` and nothing else.
fn is_prefix(wanted: &Value) -> bool {
    wanted["prefix"].is_string() && wanted.as_object().is_some_and(|only| only.len() == 1)
}

impl Pattern {
    pub fn read(pattern: &Value) -> Result<Self, Refusal> {
        let invalid = |why: &str| {
            Refusal::new(
                "InvalidEventPatternException",
                format!("Event pattern is not valid. Reason: {why}"),
            )
        };
        let object = pattern.as_object().filter(|object| !object.is_empty());
        let object = object.ok_or_else(|| invalid("it is not an object with fields"))?;
        let mut fields = Vec::new();
        for (key, value) in object {
            let wanted = match value {
                Value::Object(_) => Wanted::Inside(Self::read(value)?),
                Value::Array(values) if !values.is_empty() && key != "$or" => {
                    if values
                        .iter()
                        .any(|v| (v.is_object() && !is_prefix(v)) || v.is_array())
                    {
                        let why = "only values and prefixes are emulated here";
                        return Err(invalid(&format!("{key}: {why}")));
                    }
                    Wanted::OneOf(values.clone())
                }
                _ => return Err(invalid(&format!("{key} is not a list of values"))),
            };
            fields.push((key.clone(), wanted));
        }
        Ok(Self(fields))
    }

    /// Whether each field that the pattern names fits.
    pub fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(key, wanted)| {
            event.get(key).is_some_and(|value| match wanted {
                Wanted::Inside(pattern) => pattern.matches(value),
                Wanted::OneOf(values) => values.iter().any(|wanted| fits(value, wanted)),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_named_field_has_one_of_the_values() {
        let event = json!({"source": "homehail.orders", "detail": {"kind": "ok", "n": 9}});
        for (pattern, expected) in [
            (
                json!({"source": ["homehail.badges", "homehail.orders"]}),
                true,
            ),
            (json!({"source": ["other"]}), false),
            (json!({"detail": {"kind": ["ok"], "n": [9]}}), true),
            (json!({"detail": {"kind": ["ok"], "n": [8]}}), false),
            (json!({"detail": {"missing": [null]}}), false),
            (json!({"source": {"deep": ["x"]}}), false),
            (json!({"source": [{"prefix": "homehail."}]}), true),
            (json!({"source": ["other", {"prefix": "badges"}]}), false),
            (json!({"detail": {"n": [{"prefix": "9"}]}}), false),
        ] {
            let read = Pattern::read(&pattern).unwrap();
            assert_eq!(read.matches(&event), expected, "{pattern}");
        }
        for wrong in [
            json!("a"),
            json!({}),
            json!([]),
            json!({"a": "b"}),
            json!({"a": []}),
            json!({"$or": [{"a": ["b"]}]}),
            json!({"a": [{"prefix": 1}]}),
            json!({"a": [{"prefix": "b", "suffix": "c"}]}),
            json!({"a": [{"exists": true}]}),
        ] {
            let code = Pattern::read(&wrong).err().map(|refusal| refusal.code);
            assert_eq!(code, Some("InvalidEventPatternException"), "{wrong}");
        }
    }
}
