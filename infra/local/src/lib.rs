//! The whole platform on one machine.
//!
//! [`platform::Platform::start`] reads [`template`], the one description of the platform, and builds
//! from it what AWS would: tables behind a [front door](front_door) that knows each function's role,
//! queues, schedules and a bus (the crate `local-cloud`), the [`functions`] themselves, and what joins
//! them: the HTTP [`gateway`], queue mappings, stream mappings. Functions run in this process,
//! yet each has only the environment and the access key that its template entry gives it, and talks
//! to the cloud over the [`wire`], where a test can count its calls and cut it off.
//!
//! The crate `demo` fills it with an invented city. Everything durable is in one [directory](data_dir).

pub mod activity;
pub mod data_dir;
pub mod dynamo;
pub mod front_door;
pub mod functions;
pub mod gateway;
pub mod invoker;
mod joints;
pub mod keys;
mod leading_keys;
mod mappings;
pub mod parameters;
pub mod platform;
mod ports;
pub mod sdk;
mod services;
mod streams;
pub mod template;
#[cfg(test)]
mod test_bed;
mod timer;
pub mod wechat;
pub mod wire;

/// The region and the account that everything pretends to be in.
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "000000000000";

/// The ARN of what a service calls `rest`.
pub(crate) fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}
