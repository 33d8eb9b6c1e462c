//! The rules of Homehail, and nothing else: no I/O, no clock, no randomness. The time and new ids come in as
//! arguments.
//!
//! - [`order`]: an order's life, what ends it, what a failed grab is told, who is shown what.
//! - [`agency`]: agencies and stores, and what the authority decides about them.
//! - [`complaint`]: what customers hold against visits.
//! - [`score`]: which agency an unclaimed order is assigned to, and why.
//! - [`market`]: a city's settings.
//! - [`geo`]: places, distances, cells.
//! - [`worker`]: workers, and what the authority decides about them.
//! - [`calendar`]: the visits that a worker is named for.
//! - [`credit`]: credit records: sections, what they say now, the trust gate, the standing that a badge shows.
//! - [`feed`]: batches of credit records from their sources.
//! - [`chain`]: the append-only history of a worker.
//! - [`badge`]: a worker's badges, and whether they are still good.
//! - [`scan`]: scans of badges, and what a badge says now.
//! - [`claim_token`]: proof that an order was offered to an agency.
//! - [`text`]: what names and remarks may hold.
//! - [`service`], [`check`], [`id`], [`time`]: the values that all of these are written in.
//!
//! Text from outside is parsed into these types, and their errors are worded for clients.

pub mod agency;
pub mod badge;
pub mod calendar;
pub mod chain;
pub mod check;
pub mod claim_token;
pub mod complaint;
pub mod credit;
pub mod erasure;
pub mod feed;
pub mod geo;
pub mod id;
pub mod market;
pub mod order;
pub mod scan;
pub mod score;
pub mod service;
pub mod text;
pub mod time;
pub mod worker;
