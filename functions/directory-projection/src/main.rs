//! Cells and queue access follow an agency's standing.
fn main() {}
