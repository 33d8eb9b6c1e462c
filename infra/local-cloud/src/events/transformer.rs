//! Input transformers: an event told in a rule's own words.
//!
//! `InputPathsMap` takes values out of the event by paths of names (`$.detail.order`);
//! `InputTemplate` is JSON or a text in which `<name>` stands for such a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::refusal::Refusal;

/// A transformer as a target has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Transformer {
    #[serde(default)]
    input_paths_map: BTreeMap<String, String>,
    input_template: String,
}

impl Transformer {
    /// Refuses paths of another kind than names after `$`.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for path in self.input_paths_map.values() {
            let names = path.strip_prefix('$').unwrap_or("[");
            if names.contains(['[', '*', '?', '(']) || names.contains("..") {
                return Err(Refusal::new(
                    "ValidationException",
                    format!("InputPathsMap: the path {path} is not emulated here."),
                ));
            }
        }
        Ok(())
    }

    /// The template with the event's values filled in: within a text without quotes, elsewhere as
    /// JSON.
    pub(super) fn apply(&self, event: &Value) -> String {
        let mut filled = String::with_capacity(self.input_template.len());
        let mut in_text = false;
        let mut rest = self.input_template.as_str();
        while let Some(c) = rest.chars().next() {
            let placeholder = rest
                .strip_prefix('<')
                .and_then(|after| after.split_once('>'))
                .and_then(|(name, after)| Some((self.input_paths_map.get(name)?, after)));
            if let Some((path, after)) = placeholder {
                match (at(event, path), in_text) {
                    (Some(Value::String(text)), true) => filled.push_str(text),
                    (Some(value), _) => filled.push_str(&value.to_string()),
                    (None, true) => {}
                    (None, false) => filled.push_str("null"),
                }
                rest = after;
                continue;
            }
            in_text ^= c == '"';
            filled.push(c);
            rest = &rest[c.len_utf8()..];
        }
        filled
    }
}

fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    let names = path
        .strip_prefix('$')?
        .split('.')
        .filter(|name| !name.is_empty());
    names
        .into_iter()
        .try_fold(event, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fills_in_values_with_and_without_quotes() {
        let transformer = Transformer {
            input_paths_map: BTreeMap::from([
                ("order".into(), "$.detail.order".into()),
                ("n".into(), "$.detail.n".into()),
            ]),
            input_template: r#"{"order":<order>,"text":"it is <order>","n":<n>,"x":"<x>"}"#.into(),
        };
        transformer.check().unwrap();
        let told = transformer.apply(&json!({"detail": {"order": "o1", "n": 2}}));
        assert_eq!(told, r#"{"order":"o1","text":"it is o1","n":2,"x":"<x>"}"#);
    }
}
