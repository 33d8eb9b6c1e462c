//! What the emulated cloud promises, tried through AWS's own SDK.

mod access;
mod boto3;
mod durability;
mod events;
mod queues;
mod queues_over_time;
mod schedules;
mod world;
