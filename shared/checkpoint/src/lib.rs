//! Signed checkpoints of the transparency log: signing them, keeping them, and refusing to sign a fork.
//!
//! A checkpoint says how large the log was and what its root was ([`note`]). It is signed by a key that never leaves
//! KMS, and kept in a bucket with object lock, from which nobody can take it back. The last one also stands in the
//! table, so that answering it needs one read.
//!
//! No tree is signed unless it continues everything that was signed before ([`Checkpoints::latest`]). The table alone
//! cannot show that: restored from a backup, it has forgotten what was signed since. So the bucket is asked too.

pub mod note;

use std::time::Duration;

use calls::Error;
use domain::time::Millis;
use s3::{Bucket, Over};
use settings::Settings;
use signer::Signer;
use store::{Log, LogHead, Recorded, SignedCheckpoint};
use tokio::sync::OnceCell;

const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

#[derive(Debug)]
pub struct Checkpoints {
    log: Log,
    signer: Signer,
    bucket: Bucket,
    origin: String,
    retired: Vec<String>,
    public_key: OnceCell<[u8; 32]>,
}

impl Checkpoints {
    pub fn new(settings: &Settings) -> Self {
        let origin = settings.text("LOG_ORIGIN");
        if !note::is_origin(&origin) {
            settings.refuse("LOG_ORIGIN", "it is not one word");
        }
        // Keys that signed before the present one.
        let retired = settings.optional("RETIRED_CHECKPOINT_KEYS");
        let retired = retired.unwrap_or_default().split_whitespace();
        Self {
            log: Log::new(settings),
            signer: Signer::new(settings, "CHECKPOINT_KEY"),
            bucket: Bucket::new(settings, "CHECKPOINT_BUCKET"),
            origin,
            retired: retired.map(str::to_owned).collect(),
            public_key: OnceCell::new(),
        }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys that verify checkpoints: the present one, and those before it.
    pub async fn verifiers(&self) -> Result<Vec<String>, Error> {
        let current = note::verifier(&self.origin, self.public_key().await?);
        Ok([vec![current], self.retired.clone()].concat())
    }

    /// The last checkpoint. If the log has grown since, and the last one was signed at least `patience` ago, a new
    /// one is signed first.
    ///
    /// # Errors
    /// Not retryable if the log does not continue what was signed: it was altered, or restored to an earlier state.
    /// Any other error is worth another try, which is harmless.
    pub async fn latest(&self, patience: Duration, now: Millis) -> Result<SignedCheckpoint, Error> {
        let (head, last) = self.log.head_and_checkpoint().await?;
        if let Some(last) = &last
            && (last.head == head || (last.head.size < head.size && now.since(last.at) < patience))
        {
            return Ok(last.clone());
        }
        // A checkpoint in the bucket was in the log before it was signed, so the log is read after the bucket.
        let newer = self
            .signed_after(last.as_ref().map(|last| last.head.size))
            .await?;
        let head = self.log.head().await?;
        let before = last.map(|last| last.head).into_iter().chain(newer);
        for signed in before.chain([head]) {
            let found = self.log.root_at(signed.size, &head).await?;
            if found != Some(signed.root) {
                tracing::error!(
                    alarm = "log-forked",
                    signed = signed.size,
                    log.size = head.size,
                    "the log does not continue what was signed"
                );
                return Err(Error::wrong("the log does not continue what was signed"));
            }
        }
        self.sign(head, now).await
    }

    async fn sign(&self, head: LogHead, now: Millis) -> Result<SignedCheckpoint, Error> {
        let public_key = *self.public_key().await?;
        let body = note::body(&self.origin, &head);
        let signature = self.signer.sign(body.clone().into_bytes()).await?;
        let note = note::signed(&body, &self.origin, &public_key, &signature);
        self.keep(&head, &note).await?;
        let signed = SignedCheckpoint {
            head,
            at: now,
            note,
        };
        tracing::info!(log.size = head.size, "signed a checkpoint");
        Ok(match self.log.record_checkpoint(&signed).await? {
            Recorded::Done => signed,
            Recorded::Behind(other) => *other,
        })
    }

    /// Keeps a note where nobody can take it back. A note that is there already says the same.
    async fn keep(&self, head: &LogHead, note: &str) -> Result<(), Error> {
        let (key, note) = (self.object(head.size), note.as_bytes().to_vec());
        let kept = self.bucket.put(&key, Some(MEDIA_TYPE), note, Over::Nothing);
        kept.await.map(|_| ())
    }

    /// The largest signed tree in the bucket, of those larger than `size`.
    async fn signed_after(&self, size: Option<u64>) -> Result<Option<LogHead>, Error> {
        let mut last = size.map(|size| self.object(size));
        let mut newer = false;
        loop {
            let found = self.bucket.keys(&self.folder(), last.as_deref()).await?;
            newer |= !found.keys.is_empty();
            last = found.keys.into_iter().next_back().or(last);
            if !found.more {
                break;
            }
        }
        let Some(key) = last.filter(|_| newer) else {
            return Ok(None);
        };
        let note = self.bucket.get(&key).await?;
        let note = note.ok_or(Error::wrong("a checkpoint that is listed is not there"))?;
        let head = std::str::from_utf8(&note.content).ok();
        let head = head.and_then(|note| note::read(note, &self.origin));
        head.map(Some)
            .ok_or(Error::wrong("a checkpoint in the bucket cannot be read"))
    }

    /// A folder for each log name: a log of another name begins anew.
    fn folder(&self) -> String {
        format!("checkpoint/{}/", self.origin)
    }

    /// The key for the checkpoint of a tree of this size: keys sort like sizes.
    fn object(&self, size: u64) -> String {
        format!("{}{size:020}", self.folder())
    }

    async fn public_key(&self) -> Result<&[u8; 32], Error> {
        self.public_key
            .get_or_try_init(|| self.signer.public_key())
            .await
    }
}
