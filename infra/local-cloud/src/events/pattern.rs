//! Event patterns, which select a rule's events.
//!
//! Fields that hold one of a list of values, also nested. Comparison operators (`prefix`, `numeric` and
//! the others) are refused when the rule is put.

use serde_json::Value;

use crate::refusal::Refusal;

#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<(String, Wanted)>);

#[derive(Clone, Debug)]
enum Wanted {
    Inside(Pattern),
    OneOf(Vec<Value>),
}

impl Pattern {
    pub(super) fn read(pattern: &Value) -> Result<Self, Refusal> {
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
                    if values.iter().any(|v| v.is_object() || v.is_array()) {
                        return Err(invalid(&format!("{key}: only values are emulated here")));
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
    pub(super) fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(key, wanted)| {
            event.get(key).is_some_and(|value| match wanted {
                Wanted::Inside(pattern) => pattern.matches(value),
                Wanted::OneOf(values) => values.contains(value),
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
            json!({"a": [{"prefix": "b"}]}),
        ] {
            let code = Pattern::read(&wrong).err().map(|refusal| refusal.code);
            assert_eq!(code, Some("InvalidEventPatternException"), "{wrong}");
        }
    }
}
