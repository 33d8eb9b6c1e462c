//! An agency's offers over HTTP, and keys for polling SQS directly.
fn main() {}
