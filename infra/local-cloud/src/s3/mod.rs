//! Amazon S3: objects of a few buckets, as REST and XML.

mod bodies;
mod checksum;
mod objects;
mod payload;
pub(crate) mod protocol;

pub(crate) use bodies::Bodies;
pub use objects::BucketDescription;
pub(crate) use objects::Objects;
