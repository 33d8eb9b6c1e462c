//! Reads the properties of a resource one by one, and says which were left over.

use serde_json::{Map, Value};

use super::{Fault, TemplateError};

/// Properties that have not been read yet, and where they stand.
pub(crate) struct Props {
    path: String,
    left: Map<String, Value>,
}

impl Props {
    pub(crate) fn new(path: impl Into<String>, value: Value) -> Result<Self, TemplateError> {
        let path = path.into();
        match value {
            Value::Object(left) => Ok(Self { path, left }),
            Value::Null => Ok(Self {
                path,
                left: Map::new(),
            }),
            _ => Err(TemplateError::new(path, Fault::NotA("map"))),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn error(&self, name: &str, fault: Fault) -> TemplateError {
        TemplateError::new(self.path(name), fault)
    }

    pub(crate) fn optional(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<Value, TemplateError> {
        self.optional(name)
            .ok_or_else(|| self.error(name, Fault::Missing))
    }

    pub(crate) fn optional_string(&mut self, name: &str) -> Result<Option<String>, TemplateError> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.error(name, Fault::NotA("string"))),
        }
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<String, TemplateError> {
        self.optional_string(name)?
            .ok_or_else(|| self.error(name, Fault::Missing))
    }

    /// A whole number; CloudFormation takes `"30"` for 30.
    pub(crate) fn optional_integer(&mut self, name: &str) -> Result<Option<u32>, TemplateError> {
        let number = match self.optional(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number
            .map(Some)
            .ok_or_else(|| self.error(name, Fault::NotA("whole number")))
    }

    pub(crate) fn optional_boolean(&mut self, name: &str) -> Result<Option<bool>, TemplateError> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(self.error(name, Fault::NotA("boolean"))),
        }
    }

    pub(crate) fn optional_list(&mut self, name: &str) -> Result<Vec<Value>, TemplateError> {
        match self.optional(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.error(name, Fault::NotA("list"))),
        }
    }

    /// A list of maps.
    pub(crate) fn maps(&mut self, name: &str) -> Result<Vec<Props>, TemplateError> {
        let path = self.path(name);
        self.optional_list(name)?
            .into_iter()
            .enumerate()
            .map(|(index, item)| Props::new(format!("{path}[{index}]"), item))
            .collect()
    }

    /// A list of strings.
    pub(crate) fn strings(&mut self, name: &str) -> Result<Vec<String>, TemplateError> {
        let path = self.path(name);
        self.optional_list(name)?
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::String(text) => Ok(text),
                _ => Err(TemplateError::new(
                    format!("{path}[{index}]"),
                    Fault::NotA("string"),
                )),
            })
            .collect()
    }

    pub(crate) fn optional_map(&mut self, name: &str) -> Result<Option<Props>, TemplateError> {
        let path = self.path(name);
        self.optional(name)
            .map(|value| Props::new(path, value))
            .transpose()
    }

    pub(crate) fn map(&mut self, name: &str) -> Result<Props, TemplateError> {
        self.optional_map(name)?
            .ok_or_else(|| self.error(name, Fault::Missing))
    }

    /// A property whose only supported value is `only`; absent is as good.
    pub(crate) fn only(&mut self, name: &str, only: &str) -> Result<(), TemplateError> {
        match self.optional_string(name)? {
            Some(value) if value != only => Err(self.error(name, Fault::Unsupported(value))),
            _ => Ok(()),
        }
    }

    /// Reads and forgets properties that mean nothing to a local run.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.left.remove(*name);
        }
    }

    /// All names that are left.
    pub(crate) fn names(&self) -> Vec<String> {
        self.left.keys().cloned().collect()
    }

    /// Nothing must be left.
    pub(crate) fn finish(self) -> Result<(), TemplateError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.error(name, Fault::UnknownProperty)),
        }
    }
}
