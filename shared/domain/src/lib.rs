//! The rules of Homehail, and nothing else: no I/O, no clock, no randomness. The time and new ids come in as
//! arguments.
//!
//! - [`order`]: an order's life, what ends it, what a failed grab is told, who is shown what.
//! - [`agency`]: agencies and stores, and what the authority decides about them.
//! - [`complaint`]: what customers hold against visits.
//! - [`score`]: which agency an unclaimed order is assigned to, and why.
//! - [`stars`]: what many ratings together say.
//! - [`member`]: the people of agencies and of the authority, what each may do, how they log in.
//! - [`market`]: a city's settings.
//! - [`catalogue`]: what can be ordered in a city, and what can be wished for.
//! - [`geo`]: places, distances, cells.
//! - [`worker`]: workers, and what the authority decides about them.
//! - [`calendar`], [`availability`]: the visits that a worker is named for, and when she can work.
//! - [`credit`]: credit records: sections, what they say now, the trust gate, the standing that a badge shows.
//! - [`feed`]: batches of credit records from their sources.
//! - [`chain`]: the append-only history of a worker.
//! - [`badge`]: a worker's badges, and whether they are still good.
//! - [`scan`]: scans of badges, and what a badge says now.
//! - [`claim_token`]: proof that an order was offered to an agency.
//! - [`refresh`], [`login_code`]: how people stay logged in, and log in by phone.
//! - [`text`]: what names and remarks may hold.
//! - [`service`], [`check`], [`id`], [`time`]: the values that all of these are written in.
//!
//! Text from outside is parsed into these types, and their errors are worded for clients.

pub mod agency;
pub mod availability;
pub mod badge;
pub mod calendar;
pub mod catalogue;
pub mod chain;
pub mod check;
pub mod claim_token;
pub mod complaint;
pub mod credit;
pub mod erasure;
pub mod feed;
pub mod geo;
pub mod id;
pub mod login_code;
pub mod market;
pub mod member;
pub mod order;
pub mod refresh;
pub mod scan;
pub mod score;
pub mod service;
pub mod stars;
pub mod text;
pub mod time;
pub mod worker;
