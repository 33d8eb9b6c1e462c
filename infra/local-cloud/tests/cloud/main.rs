//! Tests the emulated cloud through AWS's own SDK.

#![expect(clippy::unwrap_used, reason = "clippy excuses only `#[test]`s")]

mod access;
mod boto3;
mod durability;
mod events;
mod objects;
mod queues;
mod queues_over_time;
mod schedules;
mod signing;
mod world;
