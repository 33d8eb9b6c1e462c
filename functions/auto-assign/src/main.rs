//! The timer queue: assign, widen, unfilled, missed staffing.
fn main() {}
