//! Who calls, and whether they may: access keys, signatures, roles, policies.
//!
//! An [`Identities`] is filled by the program that embeds the cloud. [`Identities::authenticate`]
//! finds out who signed a request; [`Identities::authorize`] evaluates policies as IAM does within
//! one account: an explicit Deny in a role's or a resource's policy wins, an Allow in either is
//! enough, and otherwise the answer is no. Both serve a front door before another service as well.

mod caller;
mod context;
mod identities;
mod pattern;
mod policy;
mod signature;

pub use caller::Caller;
pub use identities::{Call, Identities, RoleDescription};
pub(crate) use identities::{Session, role_id};
pub use policy::{Policy, PolicyError};
pub(crate) use signature::is_for_s3;
