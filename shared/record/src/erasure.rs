//! Erases a worker's personal data.
//!
//! There are four steps. A repeated request runs all of them again, and so finishes an erasure that was cut off. Before
//! them, `auto-assign` is told to take her from coming visits.
//!
//! 1. If she has more than forty live badges, they are revoked first.
//! 2. Her photos are deleted, because they are not sealed under her own key.
//! 3. One transaction appends a `redaction` event, deletes her key and profile, empties her item, frees her phone,
//!    revokes her remaining badges, and puts her on the list of erased workers, which survives a restore of the table.
//!    From here on nobody can read her personal data.
//! 4. The payloads, looks and objections that have become unreadable are deleted, when she could work is forgotten, any photo
//!    goes that was stored in the meantime, and her devices are logged out.

use bus::{TimerQueue, Whose};
use domain::agency::Standing;
use domain::badge::Badge;
use domain::chain::{Actor, EventKind};
use domain::credit::Sections;
use domain::id::WorkerId;
use domain::time::Millis;
use objects::Photos;
use runtime::Problem;
use serde_json::json;
use settings::Settings;
use store::{
    Appended, Badges, Calendars, Directory, LogIns, PhoneHashes, ProfileChange, Step, WorkerFile,
    Workers,
};

use crate::next_event;

/// The most attempts when her badges change between reading and writing.
const MOST_ATTEMPTS: u32 = 10;

/// Erases a worker's personal data and revokes her badges.
pub struct Eraser {
    workers: Workers,
    calendars: Calendars,
    badges: Badges,
    photos: Photos,
    phones: PhoneHashes,
    log_ins: LogIns,
    sweeps: TimerQueue,
}

impl Eraser {
    pub fn new(settings: &Settings) -> Self {
        Self {
            workers: Workers::new(settings),
            calendars: Calendars::new(settings),
            badges: Badges::new(settings),
            photos: Photos::new(settings),
            phones: PhoneHashes::new(settings),
            log_ins: LogIns::new(settings),
            sweeps: TimerQueue::new(settings),
        }
    }

    /// Revokes the worker's live badges, except those that `keeps` selects. Each transaction revokes at most
    /// [`store::MOST_REVOKED`] of them with one event.
    ///
    /// # Errors
    /// Some badges may be revoked already; a repeated call revokes the others.
    pub async fn revoke(
        &self,
        id: &WorkerId,
        actor: &Actor,
        reason: &str,
        now: Millis,
        keeps: impl Fn(&Badge) -> bool,
    ) -> Result<(), Problem> {
        for _ in 0..MOST_ATTEMPTS {
            let live = self.live_badges(id, now, &keeps).await?;
            let Some(step) = self.badges.revoke(&live, actor.clone(), reason) else {
                return Ok(());
            };
            let decide = |_: &WorkerFile| -> Result<Step, Problem> {
                Ok(Step {
                    events: vec![step.event.clone()],
                    with: step.with.clone(),
                    ..Step::default()
                })
            };
            match self.workers.change(id, now, decide).await? {
                Appended::NotFound => return Err(Problem::not_found()),
                Appended::Refused(problem) => return Err(problem),
                // There may be more badges, or one has changed since it was read: read them again.
                Appended::Done(_) | Appended::Repeat(_) | Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }

    /// The worker's live badges, except those that `keeps` selects.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn live_badges(
        &self,
        id: &WorkerId,
        now: Millis,
        keeps: impl Fn(&Badge) -> bool,
    ) -> Result<Vec<Badge>, Problem> {
        let mut live = self.badges.live_of_worker(id, now).await?;
        live.retain(|badge| !keeps(badge));
        Ok(live)
    }

    /// Deletes the photos that were named before a change and are not any more.
    ///
    /// # Errors
    /// Some may be left; they go when she is erased.
    pub async fn delete_replaced_photos(
        &self,
        before: &WorkerFile,
        after: &WorkerFile,
    ) -> Result<(), Problem> {
        for photo in before.photos_replaced(after) {
            self.photos.delete(&after.worker.id, photo).await?;
        }
        Ok(())
    }

    pub fn badges(&self) -> &Badges {
        &self.badges
    }

    /// Erases a worker's personal data and returns the worker as she is then. If a member of the authority does it, it stands in
    /// the authority's audit trail.
    ///
    /// # Errors
    /// The erasure may be half done; a repeated call finishes it.
    pub async fn erase(
        &self,
        id: &WorkerId,
        actor: &Actor,
        reason: &str,
        trail: Option<&Directory>,
        now: Millis,
    ) -> Result<Box<WorkerFile>, Problem> {
        for _ in 0..MOST_ATTEMPTS {
            let file = self.workers.open(id).await?;
            let file = file.ok_or_else(Problem::not_found)?;
            let mut live = Vec::new();
            if !file.worker.is_erased {
                let whose = Whose::WorkerId(id.clone());
                self.sweeps.sweep_after(whose, now).await?;
                live = self.live_badges(id, now, |_| false).await?;
                if live.len() > store::MOST_REVOKED {
                    self.revoke(id, actor, reason, now, |_| false).await?;
                    live = Vec::new();
                }
            }
            self.photos.delete_all(id).await?;
            let badges = self.badges.revoke(&live, actor.clone(), reason);
            let decide = |file: &WorkerFile| -> Result<Step, Problem> {
                if file.worker.is_erased {
                    return Ok(Step::default());
                }
                let mut step = self.erasing_step(file, actor, reason, now);
                let deed = trail.zip(step.events.first());
                let deed = deed.and_then(|(trail, event)| trail.deed_to(id, actor, event, now));
                step.with.extend(deed);
                if let Some(badges) = &badges {
                    step.events.insert(0, badges.event.clone());
                    step.with.extend(badges.with.clone());
                }
                Ok(step)
            };
            let changed = self.workers.change(id, now, decide).await;
            let erased = match changed? {
                Appended::Done(file) => file,
                Appended::Refused(problem) => return Err(problem),
                Appended::NotFound => return Err(Problem::not_found()),
                // A badge has changed since it was read.
                Appended::Repeat(_) | Appended::WithRefused(_) => continue,
            };
            self.delete_unreadable(id).await?;
            tracing::info!(worker.id = %id, "a worker's personal data was erased");
            return Ok(erased);
        }
        Err(Problem::unavailable())
    }

    fn erasing_step(&self, file: &WorkerFile, actor: &Actor, reason: &str, now: Millis) -> Step {
        let id = &file.worker.id;
        let mut worker = file.worker.clone();
        worker.standing = Standing::Rejected;
        worker.masked_name = String::new();
        worker.photo = None;
        worker.experience = Vec::new();
        worker.sex = None;
        worker.waits_since = None;
        worker.forget_decisions(file.profile.as_ref());
        worker.sections = Sections::default();
        worker.is_erased = true;
        let mut with = vec![
            self.workers.list_erased(id, now),
            self.workers.forget_consent(id),
            self.workers.end_erasure(id),
            self.workers.forget_stars(id),
        ];
        if let Some(profile) = &file.profile
            && file.worker.was_approved()
        {
            let phones = profile.phones().map(|phone| self.phones.of(phone));
            with.extend(phones.map(|phone| self.workers.free_phone(&phone)));
        }
        Step {
            worker: Some(worker),
            profile: ProfileChange::Erase,
            events: vec![next_event(
                file,
                EventKind::Redaction,
                actor.clone(),
                json!({ "reason": reason }),
            )],
            with,
        }
    }

    /// Deletes the data that was sealed under the worker's key, and photos that were stored during the erasure.
    async fn delete_unreadable(&self, id: &WorkerId) -> Result<(), Problem> {
        self.workers.empty_payloads(id).await?;
        self.workers.delete_looks_and_objections(id).await?;
        self.log_ins.forget(id.as_str()).await?;
        self.calendars.forget_availability(id).await?;
        Ok(self.photos.delete_all(id).await?)
    }
}
