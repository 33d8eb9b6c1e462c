//! What the product promises, tested as its users see it, through HTTP and real SDK calls, on the whole platform built from
//! `infra/template.yaml`. One binary, because linking the platform once is enough.
//!
//! No test sleeps and hopes: [`world::World`] moves the clock and waits until the queues are empty.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on fails there and then"
)]

mod bad_input;
mod badge_check;
mod badge_page;
mod badges;
mod caps;
mod command_line;
mod contract;
mod crashes;
mod credentials;
mod customers;
mod deadlines;
mod edge;
mod employment;
mod erasure;
mod fanout;
mod feeds;
mod grabbing;
mod http;
mod independent;
mod ledger;
mod limits;
mod log_watch;
mod loops;
mod members;
mod model;
mod open_offers;
mod operator;
mod order_lists;
mod orders;
mod own_record;
mod pages;
mod papers;
mod people;
mod polling;
mod privacy;
mod programs;
mod proposals;
mod real_binaries;
mod runtime_api;
mod served;
mod staffing;
mod stores;
mod suspension;
mod wishes;
mod workers;
mod workforce;
mod world;

/// How long anything may take before a test gives up. Long, because the machine may be slow or busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);
