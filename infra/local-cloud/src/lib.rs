//! Queues, schedules, a bus, objects, signing keys and temporary keys that speak AWS's protocols on one machine.
//!
//! A small emulation of Amazon SQS (standard queues), EventBridge Scheduler, EventBridge, S3, KMS (keys that sign with
//! Ed25519) and STS, for one account in one region, with their authorisation. It has the operations that this project's
//! functions, polling agencies, operator and end-to-end tests call. It refuses every other operation, attribute and
//! parameter by its name.
//!
//! # A tour
//!
//! A [`Cloud`] is opened on a SQLite file or in memory, with a [`Clock`] that a test can move and the [`Identities`]
//! that may call. The program that embeds it creates the resources of its template, serves [`Cloud::router`], the one
//! HTTP endpoint, and receives from queues within the process.
//!
//! Dependencies run one way: `endpoint` (finds service and caller, authorises, answers in the service's protocol) →
//! `cloud` (one lock, one journal, firing schedules) → `state` (deliveries from one service to another) → the services,
//! which are state in memory (`sqs`, `scheduler`, `events`, `s3`, `kms`) → [`iam`] and the `journal`. A change is one
//! function on the state. `Cloud::change` runs it under the lock, gives it to the journal under the same lock, and
//! returns once it is committed.
//!
//! # What it promises
//!
//! **All services.** Acknowledged changes survive the end of the process, also by `kill -9`, but not a power cut. A call
//! is committed whole or not at all. Moving the clock wakes long polls, fires schedules, ends visibility timeouts and
//! expires keys. Policies are evaluated on every call.
//!
//! | operation | promise | called by |
//! |---|---|---|
//! | `SendMessage` | kept before it is acknowledged; 1 MiB; the digest that SDKs check | functions |
//! | `ReceiveMessage` | up to 10 messages, each hidden for its visibility timeout and counted; waits up to 20 s and is woken at once; groups (`MessageGroupId`) take turns, within a group the oldest comes first | functions, agencies |
//! | `DeleteMessage`, `DeleteMessageBatch` | deletes by the latest receipt; an older one is accepted and does nothing, the worst that SQS allows itself | functions, agencies |
//! | `ChangeMessageVisibility`, `ChangeMessageVisibilityBatch` | hides or shows a message in flight, counted from now | agencies |
//! | redrive | a message received `maxReceiveCount` times moves, with its id, age and count, when it would be received again | |
//! | retention | a message goes when its queue's retention is over, received or not | |
//! | `CreateQueue`, `SetQueueAttributes` | creating is harmless when repeated, `QueueNameExists` when attributes differ; attributes take effect at once | functions |
//! | `GetQueueUrl`, `GetQueueAttributes` | exact counts, where SQS's are approximate | agencies |
//! | `ListQueues`, `DeleteQueue` | at once | the operator, tests |
//! | `CreateSchedule` | `at`, in UTC; fires at its time to the millisecond, where AWS takes up to a minute; once: delivery and completion are one commit; a repeat with the same client token and content is the same call | functions |
//! | a firing | with the rights of the schedule's role; an undeliverable message goes to the schedule's dead letters at once, with the attributes that AWS documents; schedules that fell due while the cloud was closed fire when it opens | |
//! | `ListSchedules`, `DeleteSchedule` | at once | the operator, tests |
//! | `PutEvents` | up to 10 events below 256 KB; each accepted or refused by itself; delivered to every matching rule's queues, whose policies have to allow it, in the commit that accepts it: once, where AWS says at least once | functions |
//! | `PutObject` | as a file of its own and in the journal before it is acknowledged; `If-None-Match: *` and `If-Match`; a CRC-32 that comes along is checked; up to 64 MiB; under object lock nothing is replaced | functions |
//! | `GetObject`, `HeadObject` | callers who may not list the bucket get 403 for a missing object | functions |
//! | `DeleteObject` | gone, unless it is under object lock | functions |
//! | `ListObjectsV2` | at once; prefix, pages | functions |
//! | `Sign`, `GetPublicKey` | keys `ECC_NIST_EDWARDS25519` alone, `ED25519_SHA_512` over a message of up to 4,096 bytes | functions |
//! | `AssumeRole` | keys for a role whose trust policy allows it, with session tags, 900 s to the role's maximum (an hour from another role); good with their token alone, until they expire by the clock | functions |
//!
//! Which behaviours of AWS are left out, and why this crate exists, is in
//! `infra/docs/decisions/local-cloud.md`.

pub mod iam;

mod clock;
mod cloud;
mod endpoint;
mod error;
mod events;
mod journal;
mod kms;
mod names;
mod random;
mod refusal;
mod s3;
mod scheduler;
mod sqs;
mod state;
mod transaction;

pub use clock::Clock;
pub use cloud::Cloud;
pub use error::Error;
pub use events::Pattern;
pub use iam::Identities;
pub use refusal::Refusal;
pub use sqs::{Depth, Draft, MessageAttribute, Received, Sent};
