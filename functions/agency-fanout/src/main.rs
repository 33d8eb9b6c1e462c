//! The offers of one order.
fn main() {}
