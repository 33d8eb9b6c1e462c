//! The rules of Homehail, pure: no I/O, no clock, no randomness.

pub mod geo;
