//! Workers as HTTP shows them, to their agency, the authority and themselves.

use domain::agency::Standing;
use domain::check::{IdNumber, MobilePhone};
use domain::credit::{
    CreditRules, PublicStanding, Section, SectionState, SectionView, Sections, public_standing,
};
use domain::id::{AgencyId, SourceId, WorkerId};
use domain::service::ServiceSet;
use domain::time::{Millis, rfc3339};
use domain::worker::{Consent, Photo, Profile, ProposedEmployment};
use serde::{Serialize, Serializer};
use store::{Error, WorkerFile, Workers};

/// Who looks at a worker's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The agency that she works for.
    Agency,
    /// The authority, or the worker herself: everything.
    All,
}

/// A worker, with all nine sections. The ID number is never more than its ends.
#[derive(Serialize)]
pub struct WorkerAnswer {
    worker_id: WorkerId,
    agency_id: AgencyId,
    status: Standing,
    name: Option<String>,
    id_number: Option<String>,
    phone: Option<MobilePhone>,
    skills: ServiceSet,
    consent: Option<ConsentAnswer>,
    photo: Option<PhotoAnswer>,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    erased: bool,
    standing: PublicStanding,
    sections: Vec<SectionAnswer>,
    proposed_employment: Option<ProposedAnswer>,
}

#[derive(Serialize)]
struct ConsentAnswer {
    text_version: String,
    #[serde(with = "rfc3339")]
    given_at: Millis,
    #[serde(serialize_with = "optional")]
    withdrawn_at: Option<Millis>,
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
    #[serde(serialize_with = "optional")]
    as_of: Option<Millis>,
    #[serde(serialize_with = "optional")]
    valid_until: Option<Millis>,
    reference: Option<String>,
}

#[derive(Serialize)]
struct ProposedAnswer {
    agency_id: AgencyId,
    name: String,
    phone: MobilePhone,
    skills: ServiceSet,
    consent: ConsentAnswer,
    #[serde(with = "rfc3339")]
    at: Millis,
}

impl WorkerAnswer {
    /// A worker as `reader` is shown her.
    ///
    /// # Errors
    /// When it cannot be read whether she has taken back her consent.
    pub async fn for_reader(
        reader: Reader,
        workers: &Workers,
        file: &WorkerFile,
        rules: &CreditRules,
        now: Millis,
    ) -> Result<Self, Error> {
        let (worker, profile) = (&file.worker, file.profile.as_ref());
        // She can have taken her consent back only while she is suspended, which spares a read.
        let withdrawn_at = match worker.standing {
            Standing::Suspended => workers.withdrawn_at(&worker.id).await?,
            _ => None,
        };
        let consent = |profile: &Profile| ConsentAnswer::of(&profile.consent, withdrawn_at);
        // Who else wants her is for those to know who decide about it.
        let proposed = profile.and_then(|profile| profile.proposed.as_ref());
        let proposed = proposed.filter(|_| reader == Reader::All);
        Ok(Self {
            worker_id: worker.id.clone(),
            agency_id: worker.agency.clone(),
            status: worker.standing,
            name: profile.map(|profile| profile.name.clone()),
            id_number: profile.map(|profile| profile.id_number.masked()),
            phone: profile.map(|profile| profile.phone.clone()),
            skills: worker.skills,
            consent: profile.map(consent),
            photo: worker.photo.as_ref().map(PhotoAnswer::of),
            registered_at: worker.registered_at,
            erased: worker.is_erased,
            standing: public_standing(&worker.sections, worker.skills, now, rules),
            sections: sections(
                worker.sections.views(worker.skills, now, rules),
                profile.filter(|_| reader == Reader::All),
            ),
            proposed_employment: proposed.map(ProposedAnswer::of),
        })
    }

    /// What an agency sees of somebody it has registered who works elsewhere: what it gave itself, and nothing that
    /// tells her from somebody new. `status` is `pending`, or `rejected` once that is decided against.
    pub fn proposed(
        id: &WorkerId,
        given: &ProposedEmployment,
        id_number: &IdNumber,
        status: Standing,
        rules: &CreditRules,
        now: Millis,
    ) -> Self {
        Self {
            worker_id: id.clone(),
            agency_id: given.agency.clone(),
            status,
            name: Some(given.name.clone()),
            id_number: Some(id_number.masked()),
            phone: Some(given.phone.clone()),
            skills: given.skills,
            consent: Some(ConsentAnswer::of(&given.consent, None)),
            photo: None,
            registered_at: given.at,
            erased: false,
            standing: PublicStanding::Unverified,
            sections: sections(Sections::default().views(given.skills, now, rules), None),
            proposed_employment: None,
        }
    }
}

impl ConsentAnswer {
    fn of(consent: &Consent, withdrawn_at: Option<Millis>) -> Self {
        Self {
            text_version: consent.text_version.clone(),
            given_at: consent.given_at,
            withdrawn_at,
        }
    }
}

impl PhotoAnswer {
    fn of(photo: &Photo) -> Self {
        Self {
            media_type: photo.media_type.clone(),
        }
    }
}

impl ProposedAnswer {
    fn of(proposed: &ProposedEmployment) -> Self {
        Self {
            agency_id: proposed.agency.clone(),
            name: proposed.name.clone(),
            phone: proposed.phone.clone(),
            skills: proposed.skills,
            consent: ConsentAnswer::of(&proposed.consent, None),
            at: proposed.at,
        }
    }
}

/// All nine, with what their sources refer to if there is a profile to find that in.
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

fn optional<S: Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Millis::to_rfc3339).serialize(serializer)
}
