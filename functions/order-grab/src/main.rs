//! The agency's side of an order: grab and release.
fn main() {}
