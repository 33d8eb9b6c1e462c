//! The tables: keys, items, and one file a table.
//!
//! - [`Orders`]: orders and every change of them, each one conditional write.
//! - [`OrderViews`]: an order with all that it is shown with.
//! - [`Directory`]: agencies, stores, cells, authorities.
//! - [`Workers`], [`WorkerRecords`]: workers, their personal data and the chains of their events.
//! - [`Calendars`]: the visits that workers are named for.
//! - [`Badges`]: badges, and the status lists by which they are verified offline.
//! - [`Scans`]: the log of badges' scans.
//! - [`Feeds`]: batches of credit records.
//! - [`PersonKey`]: what seals a person's data.
//! - [`WorkerIds`], [`PhoneHashes`]: who a worker is, without a table.
//! - [`Log`]: the transparency log over all events, a Merkle tree in tiles.
//! - [`Orders::grab_read`]: what a grab needs to know, of both tables in one call.
//! - [`SealKey`]: seals what only few may see of an order.
//! - [`order_image`], [`directory_image`]: what the tables' streams say.
//!
//! Nothing else knows an attribute's name. The shapes are written down in `infra/docs/data-model.md`.

mod badges;
mod batch;
mod bytes;
mod calendars;
mod cursor;
mod directory;
mod feeds;
mod key;
mod log;
mod orders;
mod personal;
mod scans;
mod seal;
mod transaction;
mod worker_id;
mod workers;

pub use badges::{
    BadgeStep, Badges, BadgesImage, Entry, Issued, MOST_REVOKED, NewBadge, badges_image,
};
pub use calendars::Calendars;
pub use calls::Error;
pub use cursor::Page;
pub use directory::{
    AgencyDecided, Authority, Cell, CellStore, Directory, DirectoryImage, Registered, StoreAdded,
    StoreDecided, Waiter, Waiting, directory_image,
};
pub use feeds::{Announced, Batch, BatchState, Counts, Feeds, Found, REPORT_PAGE};
pub use log::{
    Consistency, Inclusion, Log, LogHead, Recorded, Sequenced, SignedCheckpoint, waits_for_the_log,
};
pub use orders::{
    Changed, FannedOut, GrabRead, Missed, OrderViews, Orders, Placed, Rated, Settled, VisitEnded,
    Written, order_image,
};
pub use personal::PersonKey;
pub use scans::Scans;
pub use seal::{SealKey, Sealed};
pub use transaction::Also;
pub use worker_id::{PhoneHashes, WorkerIds};
pub use workers::{
    Appended, Look, NewEvent, NewWorker, Objection, ObjectionAnswer, Opened, ProfileChange,
    RegisteredWorker, Step, StoredEvent, TracedEvent, View, WaitingObjection, WorkerFile,
    WorkerRecords, Workers,
};
