//! Batches of credit records, as their sources send them: announced with a signed manifest, then sent in parts.
//!
//! A source has no session. Its signature proves what it announces. Each part that it sends must have its hash in the
//! manifest, or it is not stored. Whoever knows the names of source and batch can ask for the
//! batch's progress: the answer contains nothing of what its rows say.
//!
//! A refused manifest changes nothing. Each refusal is logged with `alarm`, and the template makes an alarm of that.

mod announcement;
mod answer;

use std::time::Duration;

use bus::{FeedBatch, FeedMessage, FeedQueue};
use domain::chain::Hash;
use domain::feed::{BatchId, CreditSources, Turn, WORTH};
use domain::id::SourceId;
use domain::member::Right;
use lambda_http::http::header::AUTHORIZATION;
use lambda_http::http::{Method, StatusCode};
use objects::FeedObjects;
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Fault, Problem, Verifier, secret};
use serde_json::json;
use settings::{Clock, ConfigError, Settings};
use store::{Announced, Batch, BatchInTurn, BatchState, Feeds};

use crate::announcement::Announcement;

/// In bytes. A manifest with a hash for each of 1,000 parts has some 70 KiB.
const LARGEST_ANNOUNCEMENT: usize = 128 * 1024;
/// In bytes.
const LARGEST_PART: usize = 4 * 1024 * 1024;

pub struct CreditFeed {
    clock: Clock,
    verifier: Verifier,
    sources: CreditSources,
    feeds: Feeds,
    objects: FeedObjects,
    queue: FeedQueue,
}

impl CreditFeed {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            sources: settings.parsed("CREDIT_SOURCES", CreditSources::from_json),
            feeds: Feeds::new(settings),
            objects: FeedObjects::new(settings),
            queue: FeedQueue::new(settings),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let (&Method::GET, ["v1", "credit-feeds"]) = (request.method(), path.as_slice()) {
            return self.list(request).await;
        }
        let ["v1", "credit-feeds", source, "batches", rest @ ..] = path.as_slice() else {
            return Err(Problem::not_found());
        };
        match (request.method(), rest) {
            (&Method::POST, []) => self.announce(request, source).await,
            (&Method::PUT, [batch, "parts", part]) => {
                self.take_part(request, source, batch, part).await
            }
            (&Method::GET, [batch]) => self.read(request, source, batch).await,
            _ => Err(Problem::not_found()),
        }
    }

    async fn announce(&self, request: &Request, source: &str) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let now = self.clock.now();
        let body = JsonBody::up_to(LARGEST_ANNOUNCEMENT, request)?;
        let (source, announcement) = Announcement::authenticate(&body, source, &self.sources)
            .inspect_err(|problem| {
                if problem.slug == answer::BAD_SIGNATURE {
                    alarm("unknown or unproven", problem.slug);
                }
            })?;
        let manifest = announcement.manifest(&body, &source, now)?;
        let Announcement {
            signed_form,
            signature,
        } = &announcement;
        let announced = self
            .feeds
            .announce(&manifest, signed_form, signature, now)
            .await;
        match announced? {
            Announced::New(batch) => {
                tracing::info!(
                    source = %source,
                    batch = %manifest.batch_id,
                    seq = manifest.seq,
                    rows = manifest.rows,
                    "a batch was announced"
                );
                Ok(answer::accepted(&batch))
            }
            Announced::Again(batch) => Ok(answer::accepted(&batch)),
            Announced::NameTaken => Err(refused(
                &source,
                Problem::conflict().detail("Another batch of this source has this batch_id."),
            )),
            Announced::Unfit(unfit) => Err(refused(&source, answer::unfit(unfit))),
        }
    }

    async fn take_part(
        &self,
        request: &Request,
        source: &str,
        batch: &str,
        part: &str,
    ) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let found = self.find(source, batch).await?;
        let manifest = &found.batch.manifest;
        let part = part_number(part, manifest.parts).ok_or_else(Problem::not_found)?;
        let content: &[u8] = request.body();
        if content.len() > LARGEST_PART {
            return Err(Problem::too_large().detail("A part is larger than 4 MiB."));
        }
        let is_open = matches!(
            found.batch.state,
            BatchState::Received | BatchState::Refused
        );
        if !is_open {
            return self.taken_before(&found.batch, part, content).await;
        }
        if found.is_replaced() {
            return Err(Problem::conflict()
                .detail("This batch was refused, and its seq has been announced anew."));
        }
        check_part(&found.batch, part, content)?;
        let (source, id) = (&manifest.source, &manifest.batch_id);
        self.objects
            .put_part(source, id, part, content.to_vec())
            .await?;
        let noted = self.feeds.part_received(source, id, part).await;
        let Some(batch) = noted? else {
            // The batch was taken up meanwhile, so all of it had arrived already.
            let found = self.find(source.as_str(), id.as_str()).await?;
            return self.taken_before(&found.batch, part, content).await;
        };
        if batch.is_complete() {
            self.have_applied(&batch).await?;
        }
        Ok(answer::accepted(&batch))
    }

    /// A part of a batch that takes no more parts: sending the stored part again is accepted, and changes nothing.
    async fn taken_before(
        &self,
        batch: &Batch,
        part: u32,
        content: &[u8],
    ) -> Result<Response, Problem> {
        let manifest = &batch.manifest;
        let kept = self
            .objects
            .part(&manifest.source, &manifest.batch_id, part)
            .await;
        match kept? {
            Some(kept) if kept != content => Err(Problem::conflict()
                .detail("The batch is complete, and this is not the part that it was sent with.")),
            _ => Ok(answer::accepted(batch)),
        }
    }

    async fn read(
        &self,
        request: &Request,
        source: &str,
        batch: &str,
    ) -> Result<Response, Problem> {
        let is_authority = self.reader_is_authority(request)?;
        let query = http::query(request, &["cursor"])?;
        let found = self.find(source, batch).await?;
        let page = answer::page_of(&found.batch, query.cursor())?;
        let waits = found.turn == Turn::Next && found.batch.is_complete();
        if is_authority && waits && found.batch.state != BatchState::Refused {
            self.have_applied(&found.batch).await?;
        }
        let manifest = &found.batch.manifest;
        let is_over = found.batch.state == BatchState::Applied;
        let rejected = if is_over && found.batch.counts.rejected > 0 {
            self.objects
                .report(&manifest.source, &manifest.batch_id, page)
                .await?
        } else {
            Vec::new()
        };
        let languages = http::languages(request);
        Ok(answer::standing(&found, page, rejected, languages))
    }

    /// All sources with their latest batches, for the authority.
    async fn list(&self, request: &Request) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.authority(Right::Read)?;
        http::query(request, &[])?;
        let languages = http::languages(request);
        let mut items = Vec::new();
        for (source, known) in self.sources.iter() {
            let batches = self.feeds.latest(source).await?;
            let batches = batches.iter();
            let batches: Vec<_> = batches
                .map(|batch| answer::summary(batch, languages))
                .collect();
            items.push(json!({ "source": source, "sections": known.sections, "batches": batches }));
        }
        Ok(http::json(StatusCode::OK, &json!({ "items": items })))
    }

    /// Whether the authority reads. Without a token it is the feed, which has none.
    fn reader_is_authority(&self, request: &Request) -> Result<bool, Problem> {
        if !request.headers().contains_key(AUTHORIZATION) {
            return Ok(false);
        }
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        principal.authority(Right::Read)?;
        Ok(true)
    }

    async fn find(&self, source: &str, batch: &str) -> Result<BatchInTurn, Problem> {
        let names: Option<(SourceId, BatchId)> = source.parse().ok().zip(batch.parse().ok());
        let (source, batch) = names.ok_or_else(Problem::not_found)?;
        let found = self.feeds.find(&source, &batch).await?;
        found.ok_or_else(Problem::not_found)
    }

    /// Has a batch applied if it is its turn.
    async fn have_applied(&self, batch: &Batch) -> Result<(), Problem> {
        let message = FeedMessage::Split(FeedBatch {
            source: batch.manifest.source.clone(),
            batch_id: batch.manifest.batch_id.clone(),
            until: self.clock.now() + WORTH,
            redrives: 0,
        });
        Ok(self.queue.send(&message, Duration::ZERO).await?)
    }
}

/// The number of a part in a path, from 1.
fn part_number(text: &str, parts: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = text.parse().ok()?;
    (digits && (1..=parts).contains(&number)).then_some(number)
}

/// Refuses a part that does not have its hash in the manifest. A manifest without hashes is from before they were
/// required; its batch takes any part, and is not applied.
fn check_part(batch: &Batch, part: u32, content: &[u8]) -> Result<(), Problem> {
    let Some(hashes) = &batch.manifest.part_sha256 else {
        return Ok(());
    };
    let named = usize::try_from(part)
        .ok()
        .and_then(|part| hashes.get(part.checked_sub(1)?));
    if named == Some(&Hash(secret::sha256(content))) {
        return Ok(());
    }
    Err(Problem::invalid(vec![Fault {
        pointer: String::new(),
        detail: "is not the part whose hash the manifest names".to_owned(),
    }]))
}

/// Logs a refused manifest so that the alarm goes off.
fn refused(source: &SourceId, problem: Problem) -> Problem {
    alarm(source.as_str(), problem.slug);
    problem
}

fn alarm(source: &str, reason: &str) {
    tracing::warn!(
        alarm = "credit-feed",
        source,
        reason,
        "an announced batch was refused"
    );
}

#[cfg(test)]
mod tests;
