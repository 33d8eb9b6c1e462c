//! The whole platform on one machine.
//!
//! [`platform::Platform::start`] reads the [`template`] and builds from it what AWS would: tables behind a
//! [front door](front_door) that checks each function's role, queues, schedules and a bus (the crate
//! `local-cloud`), the [`functions`], and their triggers: the HTTP [`gateway`], queues, streams and timers.
//! Functions run in this process, but each has only the environment and the access key that the template
//! gives it. It calls the cloud over the [`wire`], where a test can count its calls and cut it off.
//!
//! The crate `demo` loads an invented city. Everything durable is in one [directory](data_dir).

pub mod activity;
pub mod data_dir;
pub mod dynamo;
pub mod front_door;
pub mod functions;
pub mod gateway;
pub mod invoker;
pub mod keys;
mod leading_keys;
mod lineage;
mod mappings;
mod offers;
pub mod parameters;
pub mod platform;
mod ports;
pub mod sdk;
mod services;
mod serving;
mod sms;
mod streams;
pub mod template;
#[cfg(test)]
mod test_bed;
mod timer;
mod trigger_context;
pub mod wechat;
pub mod wire;

/// The region and the account of everything that is emulated.
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "000000000000";

pub(crate) fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}
