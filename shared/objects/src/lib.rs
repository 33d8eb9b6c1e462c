//! The buckets.
//!
//! - [`Photos`]: workers' photos.
//! - [`PaperObjects`]: agencies' papers.
//! - [`FeedObjects`]: what batches of credit records hold, sealed.
//! - [`StatusLists`]: the lists by which badges are verified offline, as they are published.
//!
//! Apart from the tables, so that a function which reads and writes no objects is built without S3.

mod feeds;
mod papers;
mod photos;
mod status_lists;

pub use calls::Error;
pub use feeds::{FeedObjects, ShardRows, WorkerRows};
pub use papers::{PaperObjects, StoredPaper};
pub use photos::Photos;
pub use status_lists::{PublishedList, StatusLists};
