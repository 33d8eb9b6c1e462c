//! The tables against DynamoDB's emulation, in process, through the real SDK.

mod budget;
mod cells;
mod changes;
mod directory;
mod grabbing;
mod lists;
mod placing;
mod world;
