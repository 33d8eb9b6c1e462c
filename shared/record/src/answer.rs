//! How HTTP answers show a worker to her agency, the authority and herself.

use domain::agency::Standing;
use domain::check::{IdNumber, MobilePhone, Sex};
use domain::credit::{
    CreditRules, PublicStanding, Section, SectionState, SectionView, Sections, public_standing,
};
use domain::erasure::Erasure;
use domain::id::{AgencyId, ProposalId, SourceId, WorkerId};
use domain::service::ServiceSet;
use domain::stars::StarsView;
use domain::time::{Millis, optional_rfc3339, rfc3339};
use domain::worker::{
    Consent, Experience, Photo, Profile, Proposal, ProposedChanges, Worker, masked_name,
};
use serde::Serialize;
use store::{Error, WorkerFile, Workers};

/// Who reads a worker's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The agency that she works for.
    Agency,
    /// The authority or the worker herself, who may read everything.
    All,
}

/// A worker, with all nine sections. The ID number shows its first and last character only.
#[derive(Serialize)]
pub struct WorkerAnswer {
    worker_id: WorkerId,
    /// None of whoever has left her agency.
    agency_id: Option<AgencyId>,
    status: Standing,
    /// For those who decide: it rises with what other agencies want of her, of which her agency is not told.
    version: Option<u64>,
    pending_changes: Option<ChangesAnswer>,
    name: Option<String>,
    id_number: Option<String>,
    /// For those who look whether it is she, and do not see the number.
    age: Option<i16>,
    sex: Option<Sex>,
    phone: Option<MobilePhone>,
    skills: ServiceSet,
    experience: Vec<Experience>,
    /// `None` until a rating counts.
    stars: Option<StarsView>,
    consent: Option<ConsentAnswer>,
    photo: Option<PhotoAnswer>,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    /// If she has asked for it.
    erasure: Option<ErasureAnswer>,
    erased: bool,
    standing: PublicStanding,
    sections: Vec<SectionAnswer>,
    proposals: Vec<ProposalAnswer>,
}

#[derive(Serialize)]
struct ConsentAnswer {
    text_version: String,
    #[serde(with = "rfc3339")]
    given_at: Millis,
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    withdrawn_at: Option<Millis>,
}

/// When somebody asked to be erased, and when that is done.
#[derive(Serialize)]
pub struct ErasureAnswer {
    #[serde(with = "rfc3339")]
    requested_at: Millis,
    #[serde(with = "rfc3339")]
    due_at: Millis,
}

impl From<Erasure> for ErasureAnswer {
    fn from(erasure: Erasure) -> Self {
        Self {
            requested_at: erasure.requested_at,
            due_at: erasure.due_at,
        }
    }
}

#[derive(Serialize)]
struct PhotoAnswer {
    media_type: String,
}

#[derive(Serialize)]
struct SectionAnswer {
    section: Section,
    state: SectionState,
    source: Option<SourceId>,
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    as_of: Option<Millis>,
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    valid_until: Option<Millis>,
    reference: Option<String>,
}

/// What an agency wants of her and the authority has not decided on.
#[derive(Serialize)]
struct ProposalAnswer {
    proposal_id: ProposalId,
    agency_id: AgencyId,
    version: u64,
    pending_changes: ChangesAnswer,
    /// Her consent to the agency, if it does not employ her yet.
    consent: Option<ConsentAnswer>,
    /// When she has agreed to it in a session of her own.
    #[serde(serialize_with = "optional_rfc3339::serialize")]
    agreed_at: Option<Millis>,
    #[serde(with = "rfc3339")]
    at: Millis,
}

/// The fields that would change; the others are `null`.
#[derive(Serialize)]
pub struct ChangesAnswer {
    name: Option<String>,
    phone: Option<MobilePhone>,
    skills: Option<ServiceSet>,
    experience: Option<Vec<Experience>>,
    photo: Option<PhotoAnswer>,
}

impl WorkerAnswer {
    /// # Errors
    /// When the table does not say whether she has withdrawn her consent, or wants to be erased.
    pub async fn for_reader(
        reader: Reader,
        workers: &Workers,
        file: &WorkerFile,
        rules: &CreditRules,
        now: Millis,
    ) -> Result<Self, Error> {
        let profile = file.profile.as_ref();
        let worker = file.worker.clone();
        let worker = match reader {
            Reader::Agency => worker.shown_to_agency(),
            Reader::All => worker,
        };
        let worker = &worker;
        // Withdrawing consent suspends her, so only a suspended worker needs this read.
        let withdrawn_at = match worker.standing {
            Standing::Suspended => workers.withdrawn_at(&worker.id).await?,
            _ => None,
        };
        let erasure = match worker.is_erased {
            true => None,
            false => workers.erasure(&worker.id).await?,
        };
        let records = workers.records();
        let stars = records.stars(std::slice::from_ref(&worker.id));
        let stars = stars.await?.remove(&worker.id).unwrap_or_default();
        let consent = |profile: &Profile| ConsentAnswer::new(&profile.consent, withdrawn_at);
        let everything = profile.filter(|_| reader == Reader::All);
        let own = profile.and_then(|profile| profile.waiting(&worker.agency));
        let proposals = profile.map_or(&[][..], |profile| &profile.proposals);
        let waiting = proposals.iter().filter(|proposal| proposal.waits());
        // Her agency is not told that another one wants to employ her.
        let waiting = waiting.filter(|_| reader == Reader::All);
        let version = own.map_or(worker.review_version, |own| own.version(worker));
        Ok(Self {
            worker_id: worker.id.clone(),
            agency_id: worker.employer().cloned(),
            status: worker.standing,
            version: (reader == Reader::All).then_some(version),
            pending_changes: own.map(|own| ChangesAnswer::from(&own.changes)),
            name: profile.map(|profile| profile.name.clone()),
            id_number: profile.map(|profile| profile.id_number.masked()),
            age: everything.map(|profile| profile.id_number.age(now)),
            sex: everything.map(|profile| profile.id_number.sex()),
            phone: profile.map(|profile| profile.phone.clone()),
            skills: worker.skills,
            experience: worker.experience.clone(),
            stars: stars.view(),
            consent: profile.map(consent),
            photo: worker.photo.as_ref().map(PhotoAnswer::from),
            registered_at: worker.registered_at,
            erasure: erasure.map(ErasureAnswer::from),
            erased: worker.is_erased,
            standing: public_standing(&worker.sections, worker.skills, now, rules),
            sections: sections(worker.sections.views(worker.skills, now, rules), everything),
            proposals: waiting
                .map(|proposal| ProposalAnswer::new(proposal, worker))
                .collect(),
        })
    }

    /// The answer to an agency that has registered a worker of another agency. It contains only what this agency has
    /// given, so that she looks like a new worker.
    pub fn proposed(
        id: &WorkerId,
        given: &Proposal,
        id_number: &IdNumber,
        rules: &CreditRules,
        now: Millis,
    ) -> Self {
        let changes = &given.changes;
        let skills = changes.skills.unwrap_or_default();
        let consent = given.consent.as_ref();
        Self {
            worker_id: id.clone(),
            agency_id: Some(given.agency.clone()),
            status: given.standing,
            version: None,
            pending_changes: None,
            name: changes.name.clone(),
            id_number: Some(id_number.masked()),
            age: None,
            sex: None,
            phone: changes.phone.clone(),
            skills,
            experience: changes.experience.clone().unwrap_or_default(),
            stars: None,
            consent: consent.map(|consent| ConsentAnswer::new(consent, None)),
            photo: changes.photo.as_ref().map(PhotoAnswer::from),
            registered_at: given.at,
            erasure: None,
            erased: false,
            standing: PublicStanding::Unverified,
            sections: sections(Sections::default().views(skills, now, rules), None),
            proposals: Vec::new(),
        }
    }
}

impl ConsentAnswer {
    fn new(consent: &Consent, withdrawn_at: Option<Millis>) -> Self {
        Self {
            text_version: consent.text_version.clone(),
            given_at: consent.given_at,
            withdrawn_at,
        }
    }
}

impl From<&Photo> for PhotoAnswer {
    fn from(photo: &Photo) -> Self {
        Self {
            media_type: photo.media_type.clone(),
        }
    }
}

impl ProposalAnswer {
    fn new(proposal: &Proposal, worker: &Worker) -> Self {
        let consent = proposal.consent.as_ref();
        Self {
            proposal_id: proposal.id.clone(),
            agency_id: proposal.agency.clone(),
            version: proposal.version(worker),
            pending_changes: ChangesAnswer::from(&proposal.changes),
            consent: consent.map(|consent| ConsentAnswer::new(consent, None)),
            agreed_at: proposal.agreed.as_ref().map(|agreed| agreed.given_at),
            at: proposal.at,
        }
    }
}

impl ChangesAnswer {
    /// As in a list of what waits: who looks closer says why.
    pub fn masked(changes: &ProposedChanges) -> Self {
        Self {
            name: changes.name.as_deref().map(masked_name),
            phone: None,
            ..Self::from(changes)
        }
    }
}

impl From<&ProposedChanges> for ChangesAnswer {
    fn from(changes: &ProposedChanges) -> Self {
        Self {
            name: changes.name.clone(),
            phone: changes.phone.clone(),
            skills: changes.skills,
            experience: changes.experience.clone(),
            photo: changes.photo.as_ref().map(PhotoAnswer::from),
        }
    }
}

/// All nine sections, with their sources' references if `profile` is given.
fn sections(views: Vec<SectionView>, profile: Option<&Profile>) -> Vec<SectionAnswer> {
    let reference = |view: &SectionView| Some(profile?.references.get(view)?.to_owned());
    views
        .into_iter()
        .map(|view| SectionAnswer {
            reference: reference(&view),
            section: view.section,
            state: view.state,
            source: view.source,
            as_of: view.as_of,
            valid_until: view.valid_until,
        })
        .collect()
}
