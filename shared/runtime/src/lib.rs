//! What every function needs around its own work: events, requests, answers, callers, logs.
//!
//! - [`accept`]: what a request prefers, of languages and media types.
//! - [`changes`]: answering a batch of a table's stream.
//! - [`chinese()`]: what problems say, in Chinese.
//! - [`edge`]: CloudFront before the API, and whose a request is that came through it.
//! - [`function`]: connects a handler to Lambda, and to the local run by the very same events.
//! - [`http`], [`fields`], [`problem`]: requests read with every fault named, answers, problems.
//! - [`principal`], [`session`]: who calls, proven by a short-lived token that every function verifies itself.
//! - [`queue`]: an SQS batch handled record by record.
//! - [`scanner`]: whoever scans a badge, as a keyed hash.
//! - [`secret`]: keyed hashes, comparison in constant time.
//! - [`telemetry`]: how it logs.
//!
//! Nothing here knows a table, a queue or a rule of the product.

pub mod accept;
pub mod changes;
mod chinese;
pub mod edge;
pub mod fields;
pub mod function;
pub mod http;
pub mod principal;
pub mod problem;
pub mod queue;
pub mod scanner;
pub mod secret;
pub mod session;
pub mod telemetry;

pub use chinese::{chinese, spoken};
pub use fields::Fields;
pub use principal::{Caller, Principal, Verifier};
pub use problem::{Fault, Problem};
pub use scanner::Scanners;
