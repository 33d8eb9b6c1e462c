//! Amazon S3: the current objects of a few buckets.

mod bodies;
mod objects;

pub(crate) use bodies::Bodies;
pub(crate) use objects::{Condition, Object, Objects};
