//! Agencies change their workers' data and photos; agencies and the authority record sections and complaints.

use std::time::Duration;

use domain::chain::{Actor, EventKind};
use domain::credit::{Recording, Section};
use domain::id::{AgencyId, EventId, SourceId, WorkerId};
use domain::member::{MemberOf, Right};
use domain::time::Millis;
use domain::worker::{Consent, Profile, ProposedChanges};
use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_TYPE;
use objects::Photos;
use record::{Reader, is_erased, next_event};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Caller, Fault, Problem};
use serde_json::json;
use store::{Appended, NewEvent, Part, ProfileChange, Step, StoredEvent, WorkerFile};

use crate::photo::{self, normalised};
use crate::request::{SectionResult, WorkerChange, not_a_skill};
use crate::{Desk, no_desk, require_employee, require_seen_by};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// So many of a worker's last events are looked at to count an agency's.
const MOST_COUNTED: u32 = 100;

/// What an agency has done of one kind to one worker within a day, the newest first.
#[derive(Default)]
struct Lately {
    events: Vec<StoredEvent>,
    now: Millis,
}

/// The source of sections that agencies record of their own workers.
const AGENCY_SOURCE: &str = "agency";

impl Desk {
    pub(crate) async fn change(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (by, id) = self.agency_and_worker(request, worker)?;
        let (agency, now) = (&by.team, self.clock.now());
        let services = self.require_approved(agency).await?;
        let body = JsonBody::from_request(request)?;
        let change = WorkerChange::read(&body, services, &self.market.catalogue)?;
        let lately = self.lately(&id, agency, EventKind::Correction).await?;
        let cap = self.market.daily_changes_cap;
        let decide = |file: &WorkerFile| {
            require_seen_by(file, agency)?;
            require_skills(file, agency, &change.fields)?;
            let mut step = change_step(file, &by, change.fields.clone(), &lately, cap)?;
            if let Some(consent) = &change.consent {
                self.add_consent(&mut step, file, &by, consent, now)?;
            }
            Ok(step)
        };
        let (directory, actor) = (&self.directory, Actor::from(&by));
        let changed = self.workers.change_by(directory, &actor, &id, now, decide);
        let file = match changed.await? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(Part::Consent) => return Err(consent_withdrawn()),
            Appended::WithRefused(_) => return Err(Problem::internal()),
            Appended::NotFound => return Err(Problem::not_found()),
        };
        tracing::info!(agency.id = %agency, worker.id = %id, "a worker was changed, or it was proposed");
        self.agency_response(&file, agency).await
    }

    /// Adds to a change that the worker has given the agency another consent. Once she has been approved, she gives it herself:
    /// no review would see what her agency says.
    fn add_consent(
        &self,
        step: &mut Step,
        file: &WorkerFile,
        by: &MemberOf<AgencyId>,
        consent: &Consent,
        now: Millis,
    ) -> Result<(), Problem> {
        let agency = &by.team;
        let mut profile = match std::mem::take(&mut step.profile) {
            ProfileChange::Put(profile) => *profile,
            _ => file.profile.clone().ok_or_else(is_erased)?,
        };
        let place = if file.worker.agency == *agency {
            Some(&mut profile.consent)
        } else {
            let mut proposals = profile.proposals.iter_mut();
            let own = proposals.find(|proposal| proposal.agency == *agency);
            own.and_then(|own| own.consent.as_mut())
        };
        if let Some(place) = place.filter(|place| *place != consent) {
            if file.worker.agency == *agency && file.worker.was_approved() {
                let words = "can be changed only by herself, in a session of her own, once she has been approved";
                return Err(fault("/consent", words));
            }
            let checked = consent.check(Some(&profile.id_number), now);
            checked.map_err(|error| fault("/consent/given_at", &error.to_string()))?;
            // She may have given another one herself since.
            if consent.given_at <= place.given_at {
                return Err(consent_too_old("the one that is recorded"));
            }
            place.clone_from(consent);
            let kind = EventKind::ConsentGiven;
            let payload = json!({ "agency": agency, "consent": consent });
            step.events
                .push(next_event(file, kind, actor(file, by), payload));
            // Whether she has withdrawn it elsewhere is for the authority, which cannot approve her then.
            if file.worker.agency == *agency {
                step.with.push(self.workers.consent_stands(&file.worker.id));
            }
        }
        step.profile = ProfileChange::Put(Box::new(profile));
        Ok(())
    }

    pub(crate) async fn put_photo(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (by, id) = self.agency_and_worker(request, worker)?;
        let agency = &by.team;
        let jpeg = read_photo(request)?;
        self.require_approved(agency).await?;
        let file = self.workers.open(&id).await?;
        let file = file.ok_or_else(Problem::not_found)?;
        require_seen_by(&file, agency)?;
        let lately = self.lately(&id, agency, EventKind::Correction).await?;
        let new = Photos::named(&id, &jpeg);
        // The new photo is stored before anything names it, and the old one is deleted after that, so that nothing
        // ever names a missing photo. A photo that nothing names is deleted when she is erased.
        self.photos.put(&new, jpeg).await?;
        let (now, mut before) = (self.clock.now(), None);
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            before = Some(file.clone());
            require_seen_by(file, agency)?;
            let change = ProposedChanges {
                photo: Some(new.clone()),
                ..ProposedChanges::default()
            };
            change_step(file, &by, change, &lately, self.market.daily_changes_cap)
        };
        let (directory, actor) = (&self.directory, Actor::from(&by));
        let changed = self.workers.change_by(directory, &actor, &id, now, decide);
        let file = match changed.await? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => {
                if before.is_none_or(|file| file.photos().all(|photo| *photo != new)) {
                    self.photos.delete(&id, &new).await?;
                }
                return Err(problem);
            }
            Appended::WithRefused(_) | Appended::NotFound => return Err(Problem::internal()),
        };
        for old in before
            .iter()
            .flat_map(|before| before.photos_replaced(&file))
        {
            self.photos.delete(&id, old).await?;
        }
        tracing::info!(agency.id = %agency, worker.id = %id, "a photo was stored");
        self.agency_response(&file, agency).await
    }

    pub(crate) async fn record_section(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let caller = principal.may(Right::Workers)?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let (source, actor, reader) = match caller {
            Caller::Agency(by) => (AGENCY_SOURCE, Actor::from(by), Reader::Agency),
            Caller::Authority(by) => (by.team.bare(), Actor::from(by), Reader::All),
            Caller::Customer(_) | Caller::Worker(_) => return Err(no_desk()),
        };
        let source: SourceId = source.parse().map_err(|_| Problem::internal())?;
        let result =
            SectionResult::read(&JsonBody::from_request(request)?, &self.market.credit, now)?;
        if let Caller::Agency(by) = caller {
            self.require_approved(&by.team).await?;
            if result.section != Section::BodyTemperature {
                let words =
                    "An agency records body_temperature of its own workers, and nothing else.";
                return Err(Problem::forbidden().detail(words));
            }
        }
        let lately = self.lately_by(caller, &id, EventKind::SectionResult);
        let lately = lately.await?;
        let decide = |file: &WorkerFile| {
            if let Caller::Agency(by) = caller {
                require_employee(file, &by.team)?;
            }
            let profile = file.profile.as_ref().ok_or_else(is_erased)?;
            let step = section_step(file, profile, &result, &source, &actor, now)?;
            if !step.events.is_empty() {
                lately.require_below(self.market.daily_entries_cap)?;
            }
            Ok(step)
        };
        let directory = &self.directory;
        let changed = self.workers.change_by(directory, &actor, &id, now, decide);
        let file = match changed.await? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(_) => return Err(Problem::internal()),
            Appended::NotFound => return Err(Problem::not_found()),
        };
        let section = result.section.as_str();
        tracing::info!(worker.id = %id, section, by = principal.role(), "a section was recorded");
        if let Caller::Authority(by) = caller {
            let purpose = format!("recorded {section}");
            self.log_look(&file, &by.team, &purpose).await?;
        }
        self.worker_response(&file, reader).await
    }

    pub(crate) async fn complain(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let caller = principal.may(Right::Workers)?;
        let actor = match caller {
            Caller::Agency(by) => Actor::from(by),
            Caller::Authority(by) => Actor::from(by),
            Caller::Customer(_) | Caller::Worker(_) => return Err(no_desk()),
        };
        let key = http::idempotency_key(request)?;
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=500))?;
        if let Caller::Agency(by) = caller {
            self.require_approved(&by.team).await?;
        }
        let cause = [&principal.subject(), id.as_str(), key];
        let event = NewEvent {
            id: EventId::from_cause(EventKind::Complaint.as_str(), &cause),
            kind: EventKind::Complaint,
            actor: actor.clone(),
            payload: json!({ "reason": reason }),
        };
        let lately = self.lately_by(caller, &id, EventKind::Complaint);
        let lately = lately.await?;
        let decide = |file: &WorkerFile| {
            if let Caller::Agency(by) = caller {
                require_employee(file, &by.team)?;
            }
            if file.worker.is_erased {
                return Err(is_erased());
            }
            let mut known = lately.events.iter();
            if known.all(|known| known.id != event.id) {
                lately.require_below(self.market.daily_entries_cap)?;
            }
            Ok(Step {
                events: vec![event.clone()],
                ..Step::default()
            })
        };
        let directory = &self.directory;
        let changed = self.workers.change_by(directory, &actor, &id, now, decide);
        match changed.await? {
            Appended::Done(_) => {
                tracing::info!(worker.id = %id, by = principal.role(), "a complaint was recorded");
            }
            Appended::Repeat(file) => {
                if self.workers.caused(&file, &event.id).await? != Some(Some(event.payload)) {
                    return Err(Problem::idempotency_key_reused());
                }
            }
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(_) => return Err(Problem::internal()),
            Appended::NotFound => return Err(Problem::not_found()),
        }
        let answer = json!({ "complaint_id": event.id, "worker_id": id });
        Ok(http::json(StatusCode::CREATED, &answer))
    }

    /// What an agency has done of this kind to this worker within a day, among what happened to her last.
    async fn lately(
        &self,
        id: &WorkerId,
        agency: &AgencyId,
        kind: EventKind,
    ) -> Result<Lately, Problem> {
        let now = self.clock.now();
        let mut events = self.workers.latest(id, MOST_COUNTED).await?;
        events.retain(|stored| {
            let is_own = matches!(&stored.event.actor, Actor::Agency(by, _) if by == agency);
            is_own && stored.event.kind == kind && stored.event.at + DAY > now
        });
        Ok(Lately { events, now })
    }

    /// The authority's are not counted.
    async fn lately_by(
        &self,
        caller: &Caller,
        id: &WorkerId,
        kind: EventKind,
    ) -> Result<Lately, Problem> {
        match caller {
            Caller::Agency(by) => self.lately(id, &by.team, kind).await,
            _ => Ok(Lately::default()),
        }
    }

    /// The calling agency, and the worker in the path.
    pub(crate) fn agency_and_worker(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<(MemberOf<AgencyId>, WorkerId), Problem> {
        let by = self.calling_agency(request, Right::Workers)?;
        let id = worker.parse().map_err(|_| Problem::not_found())?;
        Ok((by, id))
    }
}

impl Lately {
    /// Refuses one more if there are that many.
    fn require_below(&self, cap: u32) -> Result<(), Problem> {
        let Some(oldest) = self.events.get(cap as usize - 1) else {
            return Ok(());
        };
        let wait_s = (oldest.event.at + DAY).since(self.now).as_secs() as u32 + 1;
        let words = format!("An agency does this to one worker at most {cap} times a day.");
        Err(Problem::rate_limited(wait_s).detail(words))
    }
}

/// The change that records a section. An entry that is there already, word for word, is a repeat.
fn section_step(
    file: &WorkerFile,
    profile: &Profile,
    result: &SectionResult,
    source: &SourceId,
    actor: &Actor,
    now: Millis,
) -> Result<Step, Problem> {
    let entry = result.entry(source);
    let mut worker = file.worker.clone();
    let recording = worker.sections.record(result.section, entry.clone(), now);
    let refusal = match recording {
        Recording::New | Recording::Known => None,
        Recording::NotNewer => Some("This source has recorded something newer of this section."),
        Recording::TooMany => Some(
            "This source has 8 entries of this section that hold now or begin later, and can have no more.",
        ),
    };
    if let Some(words) = refusal {
        return Err(Problem::conflict().detail(words));
    }
    let mut profile = profile.clone();
    let reference = result.reference.as_deref();
    let is_renamed = profile
        .references
        .note(&worker.sections, result.section, &entry, reference);
    if recording == Recording::Known && !is_renamed {
        return Ok(Step::default());
    }
    let at = |at: Option<Millis>| at.map(Millis::to_rfc3339);
    Ok(Step {
        worker: Some(worker),
        profile: ProfileChange::Put(Box::new(profile)),
        events: vec![next_event(
            file,
            EventKind::SectionResult,
            actor.clone(),
            json!({
                "source": source,
                "section": result.section,
                "state": result.recorded,
                "as_of": result.as_of.to_rfc3339(),
                "valid_from": at(result.valid_from),
                "valid_until": at(result.valid_until),
                "reference": result.reference,
            }),
        )],
        ..Step::default()
    })
}

/// The photo in the body, made harmless by [`normalised`].
fn read_photo(request: &Request) -> Result<Vec<u8>, Problem> {
    let media_type = http::header(request, CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    // The content decides what the body is. This only refuses bodies that claim to be something else.
    if !["image/jpeg", "image/jpg", "image/png"].contains(&media_type.to_ascii_lowercase().as_str())
    {
        return Err(
            Problem::unsupported_media_type().detail("The body must be image/jpeg or image/png.")
        );
    }
    let bytes: &[u8] = request.body();
    if bytes.len() > photo::LARGEST {
        return Err(Problem::too_large().detail("The photo is larger than 1 MiB."));
    }
    normalised(bytes).map_err(|error| fault("", &error.to_string()))
}

/// Experience is in skills that the agency has given her, or gives her now.
fn require_skills(
    file: &WorkerFile,
    agency: &AgencyId,
    change: &ProposedChanges,
) -> Result<(), Problem> {
    let proposals = file.profile.iter().flat_map(|profile| &profile.proposals);
    let mut own = proposals.filter(|proposal| proposal.agency == *agency);
    let proposed = own.find_map(|proposal| proposal.changes.skills);
    let skills = change.skills.or(proposed).unwrap_or(file.worker.skills);
    let mut given = change.experience.iter().flatten();
    match given.find(|one| !skills.contains(one.service)) {
        None => Ok(()),
        Some(one) => Err(fault("/experience", &not_a_skill(one.service))),
    }
}

/// What an agency changes of a worker whom it employs, or of its proposal to employ her. A repeat finds nothing to change, so
/// its step has no event and is not written.
fn change_step(
    file: &WorkerFile,
    by: &MemberOf<AgencyId>,
    change: ProposedChanges,
    lately: &Lately,
    cap: u32,
) -> Result<Step, Problem> {
    let agency = &by.team;
    let profile = file.profile.as_ref().ok_or_else(is_erased)?;
    let changed = file
        .worker
        .changed(profile, agency, change.clone(), lately.now);
    let Some((worker, new)) = changed else {
        return Ok(Step::default());
    };
    // One who waits is answered alike, whoever employs her.
    if file.worker.agency == *agency && file.worker.was_approved() {
        lately.require_below(cap)?;
    }
    let payload = json!({
        "agency": agency,
        "changes": change,
        "proposed": new.proposals != profile.proposals,
    });
    let kind = EventKind::Correction;
    Ok(Step {
        worker: Some(worker),
        profile: ProfileChange::Put(Box::new(new)),
        events: vec![next_event(file, kind, actor(file, by), payload)],
        ..Step::default()
    })
}

/// Who acts, as the present employer may read it in the chain: another agency is not named there, only in the payload, which
/// it cannot read.
fn actor(file: &WorkerFile, by: &MemberOf<AgencyId>) -> Actor {
    if file.worker.agency == by.team {
        Actor::from(by)
    } else {
        Actor::Platform
    }
}

pub(crate) fn consent_withdrawn() -> Problem {
    let words =
        "She has withdrawn her consent. Only she can give it again, in a session of her own.";
    Problem::conflict().detail(words)
}

/// A consent counts only if it was given after what it is to outweigh.
pub(crate) fn consent_too_old(than: &str) -> Problem {
    fault("/consent/given_at", &format!("must be after {than}"))
}

fn fault(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(vec![Fault {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }])
}
