//! What agencies change of their workers, and what is recorded of them by hand.

use domain::agency::Standing;
use domain::chain::{Actor, EventKind};
use domain::credit::{Recording, Section};
use domain::id::{AgencyId, EventId, SourceId, WorkerId};
use domain::time::Millis;
use domain::worker::{Profile, Worker, masked_name};
use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_TYPE;
use objects::Photos;
use record::{Reader, is_erased, next_event};
use runtime::http::{self, JsonBody, Request, Response};
use runtime::{Fault, Principal, Problem};
use serde_json::{Map, Value, json};
use store::{Appended, NewEvent, Part, ProfileChange, Step, WorkerFile};

use crate::photo::{self, normalised};
use crate::request::{SectionResult, WorkerChange};
use crate::{Desk, employed_by};

/// The source of what agencies may record of their own workers.
const AGENCY_SOURCE: &str = "agency";

impl Desk {
    pub(crate) async fn change(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (agency, id) = self.own(request, worker)?;
        let now = self.clock.now();
        let change = WorkerChange::read(&JsonBody::from_request(request)?, now)?;
        self.approved(&agency).await?;
        let withdrawn_at = self.workers.withdrawn_at(&id).await?;
        let decide = |file: &WorkerFile| {
            employed_by(file, &agency)?;
            let profile = file.profile.as_ref().ok_or_else(is_erased)?;
            self.changed(file, profile, &change, withdrawn_at.is_some())
        };
        let changed = self.workers.change(&id, now, decide).await;
        let file = match changed? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(Part::Consent) => {
                return Err(consent_too_old("the consent was withdrawn"));
            }
            Appended::WithRefused(_) => return Err(Problem::phone_taken()),
            Appended::NotFound => return Err(Problem::not_found()),
        };
        tracing::info!(agency.id = %agency, worker.id = %id, "a worker was changed");
        self.shown(&file, Reader::Agency).await
    }

    /// What a change comes to. One that changes nothing writes nothing, which is what a repeat finds.
    fn changed(
        &self,
        file: &WorkerFile,
        before: &Profile,
        change: &WorkerChange,
        is_withdrawn: bool,
    ) -> Result<Step, Problem> {
        let by = Actor::Agency(file.worker.agency.clone());
        let (mut worker, mut profile) = (file.worker.clone(), before.clone());
        let (mut said, mut with, mut events) = (Map::new(), Vec::new(), Vec::new());
        if let Some(name) = change.name.as_ref().filter(|name| **name != before.name) {
            said.insert("name".to_owned(), from_to(&before.name, name));
            worker.masked_name = masked_name(name);
            profile.name.clone_from(name);
        }
        if let Some(phone) = change
            .phone
            .as_ref()
            .filter(|phone| **phone != before.phone)
        {
            said.insert("phone".to_owned(), from_to(&before.phone, phone));
            if has_phone(&file.worker) {
                let id = &worker.id;
                let freed = self.phones.of(&before.phone);
                with.push(self.workers.take_phone(&self.phones.of(phone), id));
                with.push(self.workers.free_phone(&freed));
            }
            profile.phone.clone_from(phone);
        }
        if let Some(skills) = change.skills.filter(|skills| *skills != worker.skills) {
            said.insert("skills".to_owned(), from_to(&worker.skills, &skills));
            worker.skills = skills;
        }
        if !said.is_empty() {
            let said = json!({ "changed": said });
            events.push(next_event(file, EventKind::Correction, by.clone(), said));
        }
        let consent = change.consent.as_ref();
        if let Some(consent) = consent.filter(|new| is_withdrawn || **new != before.consent) {
            let kind = EventKind::ConsentGiven;
            events.push(next_event(file, kind, by, json!(consent)));
            profile.consent = consent.clone();
            let given = self.workers.give_consent(&worker.id, consent.given_at);
            with.push(given);
        }
        Ok(Step {
            worker: Some(worker),
            profile: ProfileChange::Put(Box::new(profile)),
            events,
            with,
        })
    }

    pub(crate) async fn put_photo(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let (agency, id) = self.own(request, worker)?;
        let jpeg = read_photo(request)?;
        self.approved(&agency).await?;
        let file = self.workers.open(&id).await?;
        let file = file.ok_or_else(Problem::not_found)?;
        employed_by(&file, &agency)?;
        let new = Photos::named(&id, &jpeg);
        // The object first, then what names it, then what it takes the place of: nothing ever names what is not
        // there, and what nothing names goes when the worker is erased.
        self.photos.put(&new, jpeg).await?;
        let mut replaced = None;
        let decide = |file: &WorkerFile| -> Result<Step, Problem> {
            employed_by(file, &agency)?;
            if file.worker.is_erased {
                return Err(is_erased());
            }
            if file.worker.photo.as_ref() == Some(&new) {
                return Ok(Step::default());
            }
            let mut worker = file.worker.clone();
            replaced = worker.photo.replace(new.clone());
            Ok(Step {
                worker: Some(worker),
                events: vec![next_event(
                    file,
                    EventKind::Correction,
                    Actor::Agency(agency.clone()),
                    json!({ "changed": { "photo": from_to(&replaced, &new) } }),
                )],
                ..Step::default()
            })
        };
        let changed = self.workers.change(&id, self.clock.now(), decide).await;
        let file = match changed? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => {
                self.photos.delete(&new.key).await?;
                return Err(problem);
            }
            Appended::WithRefused(_) | Appended::NotFound => return Err(Problem::internal()),
        };
        if let Some(old) = replaced.filter(|old| *old != new) {
            self.photos.delete(&old.key).await?;
        }
        tracing::info!(agency.id = %agency, worker.id = %id, "a photo was stored");
        self.shown(&file, Reader::Agency).await
    }

    pub(crate) async fn record_section(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let (source, actor, reader) = match &principal {
            Principal::Agency(agency) => {
                (AGENCY_SOURCE, Actor::Agency(agency.clone()), Reader::Agency)
            }
            _ => {
                let authority = principal.authority()?;
                let actor = Actor::Authority(authority.clone());
                (authority.bare(), actor, Reader::All)
            }
        };
        let source: SourceId = source.parse().map_err(|_| Problem::internal())?;
        let result = SectionResult::read(&JsonBody::from_request(request)?, &self.rules, now)?;
        if let Principal::Agency(agency) = &principal {
            self.approved(agency).await?;
            if result.section != Section::BodyTemperature {
                let words =
                    "An agency records body_temperature of its own workers, and nothing else.";
                return Err(Problem::forbidden().detail(words));
            }
        }
        let decide = |file: &WorkerFile| {
            if let Principal::Agency(agency) = &principal {
                employed_by(file, agency)?;
            }
            let profile = file.profile.as_ref().ok_or_else(is_erased)?;
            recorded(file, profile, &result, &source, &actor, now)
        };
        let changed = self.workers.change(&id, now, decide).await;
        let file = match changed? {
            Appended::Done(file) | Appended::Repeat(file) => file,
            Appended::Refused(problem) => return Err(problem),
            Appended::WithRefused(_) => return Err(Problem::internal()),
            Appended::NotFound => return Err(Problem::not_found()),
        };
        let section = result.section.as_str();
        tracing::info!(worker.id = %id, section, by = principal.role(), "a section was recorded");
        if let Ok(authority) = principal.authority() {
            let purpose = format!("recorded {section}");
            self.look(&file, authority, &purpose).await?;
        }
        self.shown(&file, reader).await
    }

    pub(crate) async fn complain(
        &self,
        request: &Request,
        worker: &str,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let id: WorkerId = worker.parse().map_err(|_| Problem::not_found())?;
        let actor = match &principal {
            Principal::Agency(agency) => Actor::Agency(agency.clone()),
            _ => Actor::Authority(principal.authority()?.clone()),
        };
        let key = http::idempotency_key(request)?;
        let reason = http::read_json(request, |fields| fields.string("reason", 1..=500))?;
        let cause = [&principal.subject(), id.as_str(), key];
        let event = NewEvent {
            id: EventId::from_cause(EventKind::Complaint.as_str(), &cause),
            kind: EventKind::Complaint,
            actor,
            payload: json!({ "reason": reason }),
        };
        let decide = |file: &WorkerFile| {
            if let Principal::Agency(agency) = &principal {
                employed_by(file, agency)?;
            }
            if file.worker.is_erased {
                return Err(is_erased());
            }
            Ok(Step {
                events: vec![event.clone()],
                ..Step::default()
            })
        };
        let changed = self.workers.change(&id, now, decide).await;
        match changed? {
            Appended::Done(_) => {
                tracing::info!(worker.id = %id, by = principal.role(), "a complaint was recorded");
            }
            Appended::Repeat(file) => {
                let said = self.workers.caused(&file, &event.id).await;
                if said? != Some(Some(event.payload)) {
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

    /// The calling agency, and the worker in the path.
    fn own(&self, request: &Request, worker: &str) -> Result<(AgencyId, WorkerId), Problem> {
        let agency = self.agency(request)?;
        let id = worker.parse().map_err(|_| Problem::not_found())?;
        Ok((agency, id))
    }
}

/// What recording a section by hand comes to. What stands already, word for word, is a repeat.
fn recorded(
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

/// Whoever was approved once has her phone to herself.
fn has_phone(worker: &Worker) -> bool {
    matches!(worker.standing, Standing::Approved | Standing::Suspended)
}

/// The photo in the body, made harmless.
fn read_photo(request: &Request) -> Result<Vec<u8>, Problem> {
    let media_type = http::header(request, CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    // What it is, its content says; here it is only told from a body that means to be something else.
    if !["image/jpeg", "image/png"].contains(&media_type.to_ascii_lowercase().as_str()) {
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

fn from_to(from: &impl serde::Serialize, to: &impl serde::Serialize) -> Value {
    json!({ "from": from, "to": to })
}
