//! Agencies and their stores.
fn main() {}
