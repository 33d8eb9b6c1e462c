//! Erasing a worker's personal data.
//!
//! Four steps, and a repeat goes through all of them again, so that one that was cut off anywhere is finished by the next:
//!
//! 1. Her badges are revoked, all but the last forty, should she have had more.
//! 2. Her photos are deleted. They are the one thing that is not sealed under her own key.
//! 3. One transaction: a `redaction` event, her key and profile deleted, her item emptied, her phone nobody's, the last
//!    badges revoked, and her name put into the list of the erased that no restoring touches. From here on nobody can read
//!    anything of her; it is this step that counts, and it happens whole or not at all.
//! 4. What nobody can read any more is deleted too: payloads, looks, objections, a photo that came meanwhile.

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
use store::{Appended, Badges, PhoneHashes, ProfileChange, Step, WorkerFile, Workers};

use crate::next_event;

/// How often it is begun anew when badges change meanwhile.
const ROUNDS: u32 = 10;

/// Erases personal data.
pub struct Eraser {
    workers: Workers,
    badges: Badges,
    photos: Photos,
    phones: PhoneHashes,
}

impl Eraser {
    pub fn new(settings: &Settings) -> Self {
        Self {
            workers: Workers::new(settings),
            badges: Badges::new(settings),
            photos: Photos::new(settings),
            phones: PhoneHashes::new(settings),
        }
    }

    /// Revokes the badges of a worker that say something else than `keeps` allows, with an event each time. Says
    /// whether there were any.
    ///
    /// # Errors
    /// The problem that the caller is told of; revoking again goes on where it stopped.
    pub async fn revoke(
        &self,
        id: &WorkerId,
        actor: &Actor,
        reason: &str,
        now: Millis,
        keeps: impl Fn(&Badge) -> bool,
    ) -> Result<(), Problem> {
        for _ in 0..ROUNDS {
            let live = self.live(id, now, &keeps).await?;
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
                // Done, or somebody else changed a badge meanwhile: look again.
                Appended::Done(_) | Appended::Repeat(_) | Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }

    /// The live badges of a worker but for those that are kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn live(
        &self,
        id: &WorkerId,
        now: Millis,
        keeps: impl Fn(&Badge) -> bool,
    ) -> Result<Vec<Badge>, Problem> {
        let mut live = self.badges.live_of_worker(id, now).await?;
        live.retain(|badge| !keeps(badge));
        Ok(live)
    }

    /// The badges.
    pub fn badges(&self) -> &Badges {
        &self.badges
    }

    /// Erases a worker's personal data, for this reason. Doing it again finishes what was cut off.
    ///
    /// # Errors
    /// The problem that the caller is told of.
    pub async fn erase(
        &self,
        id: &WorkerId,
        actor: &Actor,
        reason: &str,
        now: Millis,
    ) -> Result<Box<WorkerFile>, Problem> {
        for _ in 0..ROUNDS {
            let file = self.workers.open(id).await?;
            let file = file.ok_or_else(Problem::not_found)?;
            let mut live = Vec::new();
            if !file.worker.is_erased {
                live = self.live(id, now, |_| false).await?;
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
                let mut step = self.erased(file, actor, reason, now)?;
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
                // A badge changed meanwhile.
                Appended::Repeat(_) | Appended::WithRefused(_) => continue,
            };
            self.clear(id).await?;
            tracing::info!(worker.id = %id, "a worker's personal data was erased");
            return Ok(erased);
        }
        Err(Problem::unavailable())
    }

    fn erased(
        &self,
        file: &WorkerFile,
        actor: &Actor,
        reason: &str,
        now: Millis,
    ) -> Result<Step, Problem> {
        let id = &file.worker.id;
        let mut worker = file.worker.clone();
        worker.standing = Standing::Rejected;
        worker.masked_name = String::new();
        worker.photo = None;
        worker.waits_since = None;
        worker.sections = Sections::default();
        worker.is_erased = true;
        let mut with = vec![
            self.workers.list_erased(id, now),
            self.workers.forget_consent(id),
        ];
        let held = matches!(
            file.worker.standing,
            Standing::Approved | Standing::Suspended
        );
        if let Some(profile) = file.profile.as_ref().filter(|_| held) {
            let phone = self.phones.of(&profile.phone);
            with.push(self.workers.free_phone(&phone));
        }
        Ok(Step {
            worker: Some(worker),
            profile: ProfileChange::Erase,
            events: vec![next_event(
                file,
                EventKind::Redaction,
                actor.clone(),
                json!({ "reason": reason }),
            )],
            with,
        })
    }

    /// Deletes what nobody can read any more.
    async fn clear(&self, id: &WorkerId) -> Result<(), Problem> {
        self.workers.empty_payloads(id).await?;
        self.workers.delete_looks_and_objections(id).await?;
        Ok(self.photos.delete_all(id).await?)
    }
}
