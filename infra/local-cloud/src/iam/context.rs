//! What conditions and variables of policies can ask about a request.

use std::collections::BTreeMap;

/// Condition keys and their values; keys are compared without regard to case, as AWS does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// The context with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.insert(key, value);
        self
    }

    /// Sets a key.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_ascii_lowercase(), value.into());
    }

    /// The value under a key that is in lower case already.
    pub(super) fn get(&self, lower_case_key: &str) -> Option<&str> {
        self.0.get(lower_case_key).map(String::as_str)
    }
}
