//! What conditions and variables of policies can ask about a request.

use std::collections::BTreeMap;

/// Condition keys and their values. Keys are compared without regard to case, as AWS does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    single: BTreeMap<String, String>,
    multiple: BTreeMap<String, Vec<String>>,
}

impl Context {
    pub(super) fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.single.insert(key.to_ascii_lowercase(), value.into());
    }

    /// Sets a key that holds several values, such as `dynamodb:LeadingKeys`.
    pub(super) fn insert_all(&mut self, key: &str, values: Vec<String>) {
        self.multiple.insert(key.to_ascii_lowercase(), values);
    }

    /// The values under a key that may hold several; none if it is not there.
    pub(super) fn all(&self, lower_case_key: &str) -> &[String] {
        match self.multiple.get(lower_case_key) {
            Some(values) => values,
            None => self
                .single
                .get(lower_case_key)
                .map_or(&[], std::slice::from_ref),
        }
    }

    pub(super) fn get(&self, lower_case_key: &str) -> Option<&str> {
        self.single.get(lower_case_key).map(String::as_str)
    }
}
