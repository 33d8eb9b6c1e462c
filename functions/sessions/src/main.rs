//! Tokens for customers, agencies and the authority.
fn main() {}
