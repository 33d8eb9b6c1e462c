//! Queues, schedules, a bus, objects, signing keys and temporary keys that speak AWS's protocols on one machine.
//!
//! A small emulation of Amazon SQS (standard queues), EventBridge Scheduler, EventBridge, S3, KMS
//! (keys that sign with Ed25519) and STS, for one account in one region, with their authorisation. It has the operations that this
//! project uses; every other operation, attribute and parameter is refused by its name rather than
//! passed over. AWS's SDKs, boto3 and the AWS CLI work against it unchanged.
//!
//! # A tour
//!
//! A [`Cloud`] is opened on a SQLite file, or on nothing, with a [`Clock`] that a test can move and
//! the [`Identities`] that may call. [`Cloud::router`] is its one HTTP endpoint; the other methods
//! of [`Cloud`] set it up and receive from its queues within the process.
//!
//! A request goes through `endpoint` (which service? whose signature?) to the `protocol` module of
//! `sqs`, `scheduler`, `events` or `s3`, or to `kms` or `sts`, where it is read and authorised ([`iam`]). What it
//! does is one function on the state in memory (`sqs::queues`, `scheduler::schedules`,
//! `events::buses`, `s3::objects`), run under one lock by `Cloud::change`, which hands the changes to the
//! `journal` under the same lock and answers once they are committed.
//!
//! # What it promises
//!
//! **All services.** What was acknowledged survives the end of the process, `kill -9` included; not
//! a power cut. A call is committed whole or not at all. Time is the clock's: moving it wakes long
//! polls, fires schedules, ends visibility timeouts and expires keys.
//!
//! | operation | promise |
//! |---|---|
//! | `SendMessage`, `SendMessageBatch` | kept before it is acknowledged; 1 MiB a message and a batch; each entry accepted or refused by itself; the digests that SDKs check |
//! | `ReceiveMessage` | up to 10 messages, each hidden for its visibility timeout and counted; waits up to 20 s and is woken at once; groups (`MessageGroupId`) take turns, within a group the oldest comes first |
//! | `DeleteMessage`, `DeleteMessageBatch` | deletes by the latest receipt; an older one is accepted and does nothing, the worst that SQS allows itself |
//! | `ChangeMessageVisibility` and its batch | hides or shows a message in flight, counted from now |
//! | redrive | a message received `maxReceiveCount` times moves, with its id, age and count, when it would be received again |
//! | retention | a message goes when its queue's retention is over, received or not |
//! | `CreateQueue` | harmless when repeated; `QueueNameExists` when attributes differ |
//! | `GetQueueAttributes` | exact counts, where SQS's are approximate |
//! | `PurgeQueue`, `DeleteQueue` | at once, where SQS takes up to 60 s |
//! | `GetQueueUrl`, `ListQueues`, `ListDeadLetterSourceQueues`, `SetQueueAttributes` | at once |
//! | `CreateSchedule` | `at` and `rate`, in any time zone; fires at its time to the millisecond, where AWS takes up to a minute; once: delivery and completion are one commit; a repeat with the same client token and content is the same call |
//! | a firing | with the rights of the schedule's role; what cannot be delivered goes to the schedule's dead letters at once, with the attributes that AWS documents; what fell due while the cloud was closed is delivered when it opens |
//! | `UpdateSchedule`, `DeleteSchedule`, `GetSchedule`, `ListSchedules`, groups | as documented; a group takes its schedules with it |
//! | `PutEvents` | up to 10 events below 256 KB; each accepted or refused by itself; delivered to every matching rule's queues in the commit that accepts it, so at once and once, where AWS says at least once |
//! | `PutRule`, `PutTargets`, `DescribeRule`, `ListRules`, `ListTargetsByRule`, `RemoveTargets`, `DeleteRule`, `CreateEventBus`, `DescribeEventBus` | as documented; targets are queues, whose policy has to let `events.amazonaws.com` send |
//! | `PutObject` | as a file of its own and in the journal before it is acknowledged; `If-None-Match: *` and `If-Match`; digests and CRC-32, SHA-1, SHA-256 checksums that come along are checked, also in `aws-chunked`; up to 64 MiB |
//! | `GetObject`, `HeadObject` | the newest version or the one asked for; `If-None-Match`, `If-Match`; who may not list the bucket gets 403 for what is missing |
//! | `DeleteObject` | a marker in a bucket with versions, gone in another; a version under object lock stays, whoever asks |
//! | `ListObjectsV2` | at once; prefix, delimiter, pages |
//! | `Sign`, `Verify`, `GetPublicKey`, `DescribeKey` | keys `ECC_NIST_EDWARDS25519` alone, `ED25519_SHA_512` over a message of up to 4,096 bytes |
//! | `AssumeRole` | keys for a role whose trust policy allows it, with session tags, 900 s to the role's maximum (an hour from another role); good with their token alone, until they expire by the clock |
//! | `GetCallerIdentity` | who signed |
//!
//! An operator's own experiments over HTTP are let through where AWS would ask for more set-up: a
//! schedule of an operator with a role that nobody described is delivered, and so is a rule's
//! target that an operator put without a queue policy.
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
mod sts;
mod transaction;

pub use clock::Clock;
pub use cloud::Cloud;
pub use error::Error;
pub use iam::Identities;
pub use refusal::Refusal;
pub use s3::BucketDescription;
pub use sqs::{Depth, Draft, MessageAttribute, Received, Sent};
