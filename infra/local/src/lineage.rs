//! How often each function has been invoked in a chain of messages.
//!
//! Lambda hands it on in the trace header of an invocation, the SDK sends that header with each call, and SQS keeps it
//! with the message, whose receiver is the next of the chain. By it Lambda stops a function that goes round in a loop,
//! unless the function is allowed to.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The header of a call. A message has the same text as its system attribute `AWSTraceHeader`.
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";
const FIELD: &str = "Lineage=";
/// AWS: "If a function is invoked by the same triggering event more than 16 times, Lambda will stop the next invocation".
const MOST: u32 = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage(BTreeMap<String, u32>);

impl Lineage {
    /// Of an event's messages the longest, by function. Other events begin a chain.
    pub(crate) fn of(event: &Value) -> Self {
        let records = event["Records"].as_array().into_iter().flatten();
        let traces = records.filter_map(|record| record["attributes"]["AWSTraceHeader"].as_str());
        let mut longest = Self::default();
        for (function, count) in traces.flat_map(|trace| Self::read(trace).0) {
            let known = longest.0.entry(function).or_default();
            *known = count.max(*known);
        }
        longest
    }

    /// From a trace header, which may have other fields and no lineage.
    pub(crate) fn read(trace: &str) -> Self {
        let field = trace.split(';').find_map(|field| field.strip_prefix(FIELD));
        let counts = field.into_iter().flat_map(|field| field.split('|'));
        Self(
            counts
                .filter_map(|count| count.rsplit_once(':'))
                .filter_map(|(function, count)| Some((function.to_owned(), count.parse().ok()?)))
                .collect(),
        )
    }

    /// Whether Lambda would stop this function's next invocation.
    pub(crate) fn is_loop(&self, function: &str) -> bool {
        self.0.get(function).is_some_and(|count| *count >= MOST)
    }

    /// After one more invocation of this function.
    pub(crate) fn through(mut self, function: &str) -> Self {
        *self.0.entry(function.to_owned()).or_default() += 1;
        self
    }
}

/// As in the trace header.
impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter();
        let counts: Vec<String> = counts
            .map(|(name, count)| format!("{name}:{count}"))
            .collect();
        write!(f, "{FIELD}{}", counts.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chain_is_counted_by_function_and_stops_after_16_invocations() {
        let mut lineage = Lineage::read("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0");
        assert_eq!(lineage, Lineage::default());
        for _ in 0..16 {
            assert!(!lineage.is_loop("a"));
            lineage = Lineage::read(&lineage.through("a").through("b").to_string());
        }
        assert_eq!(lineage.to_string(), "Lineage=a:16|b:16");
        assert!(lineage.is_loop("a") && !lineage.is_loop("c"));
    }

    #[test]
    fn of_several_messages_the_longest_chain_counts() {
        let record = |trace: &str| json!({ "attributes": { "AWSTraceHeader": trace } });
        let event = json!({ "Records": [
            record("Lineage=a:3|b:1"), record("Lineage=a:2|c:5;Sampled=0"), { "attributes": {} },
        ]});
        assert_eq!(Lineage::of(&event).to_string(), "Lineage=a:3|b:1|c:5");
        assert_eq!(
            Lineage::of(&json!({ "routeKey": "$default" })),
            Lineage::default()
        );
    }
}
