//! The authority: approvals and suspensions.
fn main() {}
