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
//! - [`PersonalDataKey`], [`PersonKey`]: what seals personal data, a key a person.
//! - [`WorkerIds`], [`PhoneHashes`]: who a worker is, without a table.
//! - [`Log`]: the transparency log over all events, a Merkle tree in tiles.
//! - [`grab_read`]: what a grab needs to know, of both tables in one call.
//! - [`SealKey`]: seals what only few may see of an order.
//! - [`order_image`], [`directory_image`]: what the tables' streams say.
//!
//! Nothing else knows an attribute's name. The shapes are written down in `infra/docs/data-model.md`.

mod badges;
mod bytes;
mod directory;
mod ledger;
mod orders;
mod subject_keys;
mod table;
mod workers;

pub use badges::{
    BadgeStep, Badges, BadgesImage, Entry, Issued, MOST_REVOKED, NewBadge, Scans, badges_image,
};
pub use calls::Error;
pub use directory::{
    AgencyDecided, Authority, Cell, CellStore, Directory, DirectoryImage, Registered, StoreAdded,
    StoreDecided, Waiter, Waiting, directory_image,
};
pub use ledger::{
    Consistency, Inclusion, Log, LogHead, Opened, Recorded, Sequenced, SignedCheckpoint,
    StoredEvent, TracedEvent, waits_for_the_log,
};
pub use orders::{
    Changed, FannedOut, GrabRead, Missed, OrderViews, Orders, Placed, Rated, SealKey, Sealed,
    Settled, VisitEnded, Written, order_image,
};
pub use subject_keys::PersonKey;
pub use table::{Member, Page, Part};
pub use workers::{
    Announced, Appended, Batch, BatchState, Calendars, Counts, Feeds, Found, Look, NewEvent,
    NewWorker, Objection, ObjectionAnswer, PhoneHashes, ProfileChange, REPORT_PAGE,
    RegisteredWorker, Step, View, WaitingObjection, WorkerFile, WorkerIds, WorkerRecords, Workers,
};
