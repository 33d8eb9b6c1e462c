//! The tables: one folder each, with its keys, its items, and what can be done with them.
//!
//! - [`Orders`]: orders and every change of them, each one conditional write. [`SealKey`] seals what only few may see.
//! - [`OrderViews`]: an order with all that it is shown with.
//! - [`Directory`]: agencies, stores, cells, authorities.
//! - [`Workers`], [`WorkerRecords`]: workers, with and without their personal data. In the same table [`Calendars`], the
//!   visits that they are named for, and [`Feeds`], the batches of credit records.
//! - [`Workers::change`], [`Workers::trace`]: the chain of a worker's events, and [`Log`]: the Merkle tree over all, in the
//!   table `ledger`.
//! - [`Badges`], [`Scans`]: badges and their status lists, and where they were scanned.
//! - [`LogIns`]: what people log in and stay logged in by.
//! - [`PersonKey`]: a person's key in the table `subject-keys`, which seals her personal data.
//! - [`order_image`], [`directory_image`], [`badges_image`]: what the tables' streams say.
//!
//! Where nothing else is said, what is read is consistent; an error means that it could not be read, or that nobody knows
//! whether it was written. Then it can be done again: ids and conditions make a repeat harmless. A list refuses a cursor
//! that it did not give out by [`Error::BadCursor`].
//!
//! Nothing else knows an attribute's name, and no type of the SDK leaves this crate. The shapes are written down in
//! `infra/docs/data-model.md`, and how to add one.

mod badges;
mod bytes;
mod directory;
mod ledger;
mod log_ins;
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
pub use log_ins::{Credential, FamilyId, Linked, LogIns, Opener, StoredFamily};
pub use orders::{
    AgencyCustomer, Assignments, BeforeComplaint, BeforePlacing, Changed, ComplaintsOf, FannedOut,
    GrabRead, Home, KeptComplaint, Listing, OnOffer, OrderViews, Orders, PlaceKey, Rated, SealKey,
    Sealed, Settled, VisitEnded, Written, order_image,
};
pub use subject_keys::PersonKey;
pub use table::{Member, Page, Part};
pub use workers::{
    Announced, Appended, Batch, BatchInTurn, BatchState, Calendars, Counts, Feeds, Look, NewEvent,
    NewWorker, Objection, ObjectionAnswer, PhoneHashes, ProfileChange, REPORT_PAGE,
    RegisteredWorker, Step, View, WaitingObjection, Waits, WorkerFile, WorkerIds, WorkerRecords,
    Workers,
};
