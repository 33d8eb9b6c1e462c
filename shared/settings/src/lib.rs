//! What a function is set up with: environment variables, one AWS configuration, a clock.
//!
//! Every part of a function builds itself from [`Settings`], and only that part names the settings that it needs:
//! `Orders::new(&settings)` reads `ORDERS_TABLE` and shares the function's DynamoDB client. Building a part cannot
//! fail. If a setting is missing or wrong, that is noted, and the part gets a stand-in; [`Settings::finish`] then
//! reports all faults at once instead of returning the function.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hkdf;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use domain::market::Market;
use domain::time::Millis;

mod aws;
mod clock;

pub use clock::Clock;

/// The settings of a function, and what its parts have asked for so far.
pub struct Settings {
    variables: BTreeMap<String, String>,
    sdk: SdkConfig,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: BTreeMap<&'static str, Need>,
    faults: BTreeMap<&'static str, String>,
    /// One client for each service that a part has asked for.
    clients: Vec<Box<dyn Any + Send>>,
}

/// Whether a function can start without a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Optional,
    Required,
}

/// A function cannot start: what is wrong with which setting. Values are not repeated, because some are secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|(name, fault)| format!("{name} {fault}")).collect::<Vec<_>>().join("; "))]
pub struct ConfigError(BTreeMap<&'static str, String>);

impl Settings {
    pub fn new(variables: BTreeMap<String, String>, sdk: SdkConfig, clock: Clock) -> Self {
        Self {
            variables,
            sdk,
            clock,
            state: Mutex::default(),
        }
    }

    /// From the process: its environment variables, the AWS configuration that these describe, the system's clock.
    pub fn from_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads them"
        )]
        let variables: BTreeMap<_, _> = std::env::vars().collect();
        let sdk = aws::sdk_config(&variables);
        Self::new(variables, sdk, Clock::system())
    }

    /// Variables only, for keys and tests: no cloud can be reached, and the clock stands at 1970.
    pub fn from_variables<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build();
        Self::new(variables.collect(), sdk, Clock::new(|| Millis(0)))
    }

    /// The same, with a client that parts use instead of making one.
    #[must_use]
    pub fn with_client<C: Send + 'static>(self, client: C) -> Self {
        self.state().clients.push(Box::new(client));
        self
    }

    pub fn text(&self, name: &'static str) -> String {
        self.required(name).unwrap_or_default().to_owned()
    }

    /// Empty counts as missing.
    pub fn optional(&self, name: &'static str) -> Option<&str> {
        self.state().asked.entry(name).or_insert(Need::Optional);
        self.value(name)
    }

    /// Must be set to something that can be parsed.
    pub fn parsed<T: Default, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        match self.required(name).map(parse) {
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                self.refuse(name, reason);
                T::default()
            }
            None => T::default(),
        }
    }

    /// The key for one purpose, named by `label`, from a secret that must be set; see [`derive()`].
    pub fn key(&self, name: &'static str, label: &str) -> [u8; 32] {
        derive(self.required(name).unwrap_or_default(), label)
    }

    /// From the setting `MARKET`.
    pub fn market(&self) -> Market {
        self.parsed("MARKET", Market::from_json)
    }

    /// The function's client for one service, made by the first part that asks:
    /// `settings.client(aws_sdk_sqs::Client::new)`.
    pub fn client<C: Clone + Send + 'static>(&self, make: impl FnOnce(&SdkConfig) -> C) -> C {
        let mut state = self.state();
        let known = state
            .clients
            .iter()
            .find_map(|client| client.downcast_ref());
        if let Some(client) = known {
            return C::clone(client);
        }
        let client = make(&self.sdk);
        state.clients.push(Box::new(client.clone()));
        client
    }

    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Notes that a setting cannot be used, where only the part can see that.
    pub fn refuse(&self, name: &'static str, reason: impl Display) {
        self.note(name, format!("cannot be used: {reason}"));
    }

    /// The function, if all settings that its parts asked for are there and can be used; otherwise everything
    /// that is missing or wrong, which is logged as well: what a process prints as it ends is no JSON.
    pub fn finish<T>(&self, built: T) -> Result<T, ConfigError> {
        let faults = &self.state().faults;
        if faults.is_empty() {
            Ok(built)
        } else {
            let error = ConfigError(faults.clone());
            tracing::error!(%error, "the settings cannot be used");
            Err(error)
        }
    }

    /// All settings that parts have asked for so far.
    pub fn asked(&self) -> BTreeMap<&'static str, Need> {
        self.state().asked.clone()
    }

    fn required(&self, name: &'static str) -> Option<&str> {
        self.state().asked.insert(name, Need::Required);
        let value = self.value(name);
        if value.is_none() {
            self.note(name, "is not set".to_owned());
        }
        value
    }

    fn value(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Only the first fault of a setting is kept; it has to be fixed first.
    fn note(&self, name: &'static str, fault: String) {
        self.state().faults.entry(name).or_insert(fault);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A 256-bit key for one purpose: HKDF-SHA-256 (RFC 5869) of `secret` without salt, `label` as info.
///
/// Different labels give independent keys, so that one secret can serve several purposes, and a key made for one
/// purpose is of no use for another.
pub fn derive(secret: &str, label: &str) -> [u8; 32] {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret.as_bytes());
    let mut key = [0; 32];
    // Expanding fails only beyond 255 blocks; this is one.
    let filled = extracted
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|expanded| expanded.fill(&mut key));
    debug_assert!(filled.is_ok(), "one block can always be expanded");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u32, &'static str> {
        text.parse().map_err(|_| "it is no number")
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_value_of_it() {
        let settings = Settings::from_variables([("A", "1"), ("B", ""), ("N", "hunter2")]);
        assert_eq!(settings.text("A"), "1");
        assert_eq!(settings.parsed("A", number), 1);
        assert_eq!(settings.optional("B"), None);
        assert_eq!(settings.finish("built"), Ok("built"));
        assert_eq!(settings.text("B"), "");
        assert_eq!(settings.parsed("N", number), 0);
        assert_eq!(settings.parsed("C", number), 0);
        settings.refuse("C", "it does not go with N");
        let error = settings.finish("built").unwrap_err();
        assert_eq!(
            error.to_string(),
            "B is not set; C is not set; N cannot be used: it is no number"
        );
    }

    #[test]
    fn what_was_asked_for_is_remembered_and_whether_it_is_needed() {
        let settings = Settings::from_variables([]);
        settings.text("A");
        settings.key("B", "label");
        settings.optional("C");
        settings.optional("A");
        let asked = [
            ("A", Need::Required),
            ("B", Need::Required),
            ("C", Need::Optional),
        ];
        assert_eq!(settings.asked(), BTreeMap::from(asked));
    }

    #[test]
    fn a_client_is_made_once() {
        let settings = Settings::from_variables([]).with_client(7_u8);
        assert_eq!(settings.client(|_| "first"), "first");
        assert_eq!(settings.client(|_| "second"), "first");
        assert_eq!(settings.client(|_| 8_u8), 7);
    }

    #[test]
    fn labels_separate_keys() {
        assert_eq!(derive("secret", "a"), derive("secret", "a"));
        assert_ne!(derive("secret", "a"), derive("secret", "b"));
        assert_ne!(derive("secret", "a"), derive("other", "a"));
        assert_ne!(derive("secret", "a"), [0; 32]);
        let settings = Settings::from_variables([("KEY", "secret")]);
        assert_eq!(settings.key("KEY", "a"), derive("secret", "a"));
    }
}
