//! A function's configuration, read once.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use crate::Clock;

/// The least time any function has is 10 s, and a caller should get an answer before it is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

/// What a function is given when it starts: its variables, one AWS configuration, a clock.
///
/// Made from the process in the cloud, and by hand for each function where one process runs them all.
#[derive(Clone, Debug)]
pub struct Environment {
    vars: BTreeMap<String, String>,
    sdk: SdkConfig,
    clock: Clock,
}

/// A function cannot start with this configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Variables that are not set, or empty.
    #[error("not set: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// A variable whose value cannot be used. The value itself is not repeated: it may be a secret.
    #[error("{name} cannot be used: {reason}")]
    Invalid {
        /// The variable.
        name: String,
        /// What is wrong with its value.
        reason: String,
    },
}

impl ConfigError {
    /// The variable `name` is set to something that cannot be used.
    pub fn invalid(name: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid {
            name: name.into(),
            reason: reason.to_string(),
        }
    }
}

impl Environment {
    /// From given parts; the AWS configuration is used as it is.
    pub fn new(vars: BTreeMap<String, String>, sdk: SdkConfig, clock: Clock) -> Self {
        Self { vars, sdk, clock }
    }

    /// From the process: its environment variables, the AWS configuration found there, the system's clock.
    pub async fn from_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads them"
        )]
        let vars = std::env::vars().collect();
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(Self::timeouts())
            .load()
            .await;
        Self::new(vars, sdk, Clock::system())
    }

    /// How long an AWS call may take. A long poll needs more than this and says so where it is made.
    pub fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build()
    }

    /// A variable that must be set.
    ///
    /// # Errors
    /// When it is not set, or empty.
    pub fn var(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name)
            .ok_or_else(|| ConfigError::Missing(vec![name.to_owned()]))
    }

    /// A variable that may be missing; empty counts as missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Several variables that must be set, in the order asked for.
    ///
    /// # Errors
    /// Names every one that is missing, not just the first.
    pub fn require<const N: usize>(&self, names: &[&str; N]) -> Result<[&str; N], ConfigError> {
        let missing: Vec<String> = names
            .iter()
            .filter(|name| self.optional(name).is_none())
            .map(|name| (*name).to_owned())
            .collect();
        if missing.is_empty() {
            Ok(names.map(|name| self.optional(name).unwrap_or_default()))
        } else {
            Err(ConfigError::Missing(missing))
        }
    }

    /// The AWS configuration, for making clients.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        let vars = vars
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build();
        Environment::new(vars, sdk, Clock::new(|| domain::time::Millis(0)))
    }

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let environment = environment(&[("A", "1"), ("B", "")]);
        assert_eq!(environment.require(&["A"]), Ok(["1"]));
        let error = environment.require(&["A", "B", "C"]).unwrap_err();
        assert_eq!(error.to_string(), "not set: B, C");
    }

    #[test]
    fn an_empty_variable_is_a_missing_one() {
        let environment = environment(&[("B", "")]);
        assert_eq!(environment.optional("B"), None);
        assert_eq!(
            environment.var("B"),
            Err(ConfigError::Missing(vec!["B".to_owned()]))
        );
    }
}
