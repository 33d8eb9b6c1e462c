//! The budgets, measured.
fn main() {}
