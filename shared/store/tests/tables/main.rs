//! The tables against DynamoDB's emulation, in process, through the real SDK.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod badges;
mod budget;
mod cells;
mod changes;
mod directory;
mod grabbing;
mod lists;
mod log;
mod log_ins;
mod placing;
mod rulebook;
mod scans;
mod visits;
mod workers;
mod world;
