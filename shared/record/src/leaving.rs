//! A worker leaves her agency.
//!
//! One transaction ends the employment, says so in her chain, and revokes the badges that the agency has issued to her, as
//! far as they fit; the rest follow. `auto-assign` is told before, and takes her from coming visits. Whoever has no agency
//! keeps her standing, her phone and her record; another agency registers her as one that wants a worker of somebody else's.

use bus::{TimerQueue, Whose};
use domain::chain::{Actor, EventKind};
use domain::id::{AgencyId, WorkerId};
use domain::time::Millis;
use runtime::Problem;
use serde_json::json;
use settings::Settings;
use store::{Appended, Badges, Directory, ProfileChange, Step, WorkerFile, Workers};

use crate::{is_erased, next_event};

/// The most attempts when her badges change between reading and writing, or do not fit into one transaction.
const MOST_ATTEMPTS: u32 = 10;

/// Ends employments.
pub struct Leaving {
    directory: Directory,
    workers: Workers,
    badges: Badges,
    sweeps: TimerQueue,
}

impl Leaving {
    pub fn new(settings: &Settings) -> Self {
        Self {
            directory: Directory::new(settings),
            workers: Workers::new(settings),
            badges: Badges::new(settings),
            sweeps: TimerQueue::new(settings),
        }
    }

    /// Ends a worker's employment with this agency; whoever does not work for it loses what badges it has issued to her. The
    /// caller has checked who may ask for that.
    ///
    /// # Errors
    /// Some of it may be done; a repeated call finishes it.
    pub async fn leave(
        &self,
        id: &WorkerId,
        agency: &AgencyId,
        actor: &Actor,
        reason: &str,
        now: Millis,
    ) -> Result<(), Problem> {
        let whose = Whose::WorkerId(id.clone());
        self.sweeps.sweep_after(whose, now).await?;
        for _ in 0..MOST_ATTEMPTS {
            let mut live = self.badges.live_of_worker(id, now).await?;
            live.retain(|badge| badge.agency == *agency);
            let badges = self.badges.revoke(&live, actor.clone(), reason);
            let mut is_done = false;
            let decide = |file: &WorkerFile| -> Result<Step, Problem> {
                let mut step = Step::default();
                is_done = file.worker.agency != *agency && badges.is_none();
                if file.worker.agency == *agency {
                    let profile = file.profile.as_ref().ok_or_else(is_erased)?;
                    let (worker, profile) = file.worker.left(profile);
                    step.worker = Some(worker);
                    step.profile = ProfileChange::Put(Box::new(profile));
                    let payload = json!({ "from": agency, "to": null, "reason": reason });
                    let kind = EventKind::EmployerChanged;
                    step.events
                        .push(next_event(file, kind, actor.clone(), payload));
                }
                if let Some(badges) = &badges {
                    step.events.push(badges.event.clone());
                    step.with.extend(badges.with.clone());
                }
                Ok(step)
            };
            let changed = self
                .workers
                .change_by(&self.directory, actor, id, now, decide);
            match changed.await? {
                Appended::Done(_) if is_done => {
                    tracing::info!(worker.id = %id, agency.id = %agency, "a worker has left her agency");
                    return Ok(());
                }
                Appended::Refused(problem) => return Err(problem),
                Appended::NotFound => return Err(Problem::not_found()),
                // There may be more badges, or one has changed since it was read: read them again.
                Appended::Done(_) | Appended::Repeat(_) | Appended::WithRefused(_) => {}
            }
        }
        Err(Problem::unavailable())
    }
}
