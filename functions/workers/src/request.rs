//! Request bodies about workers.

use std::time::Duration;

use domain::check::{IdNumber, MobilePhone};
use domain::credit::{CreditRules, Entry, Recorded, Section};
use domain::id::SourceId;
use domain::service::ServiceSet;
use domain::time::Millis;
use domain::worker::{Consent, ProposedChanges};
use runtime::http::JsonBody;
use runtime::{Fields, Problem};

/// How far a caller's clock may be ahead of ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct WorkerRegistration {
    pub name: String,
    pub id_number: IdNumber,
    pub phone: MobilePhone,
    pub skills: ServiceSet,
    pub consent: Consent,
}

/// `None` leaves a field as it is.
#[derive(Clone)]
pub struct WorkerChange {
    pub fields: ProposedChanges,
    pub consent: Option<Consent>,
}

/// A section recorded by hand.
#[derive(Clone)]
pub struct SectionResult {
    pub section: Section,
    pub recorded: Recorded,
    pub as_of: Millis,
    pub valid_from: Option<Millis>,
    pub valid_until: Option<Millis>,
    pub reference: Option<String>,
}

impl WorkerRegistration {
    pub fn read(body: &JsonBody, now: Millis) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.string("name", 1..=40);
            let id_number: Option<IdNumber> = fields.parsed("id_number");
            if id_number
                .as_ref()
                .is_some_and(|number| !number.is_born_by(now))
            {
                fields.refuse("id_number", "must not have a birth date in the future");
            }
            let phone = fields.parsed("phone");
            let skills = fields.services("skills");
            let consent = fields.object("consent", |consent| read_consent(consent, now));
            Some(Self {
                name: name?,
                id_number: id_number?,
                phone: phone?,
                skills: skills?,
                consent: consent?,
            })
        })
    }
}

impl WorkerChange {
    pub fn read(body: &JsonBody, now: Millis) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.optional_string("name", 1..=40);
            let phone = fields.optional_parsed("phone");
            let skills = match fields.given("skills") {
                Some(_) => fields.services("skills"),
                None => None,
            };
            let consent = fields.optional_object("consent", |consent| read_consent(consent, now));
            fields.require_one_of(&["name", "phone", "skills", "consent"]);
            Some(Self {
                fields: ProposedChanges {
                    name,
                    phone,
                    skills,
                    photo: None,
                },
                consent,
            })
        })
    }
}

impl SectionResult {
    pub fn read(body: &JsonBody, rules: &CreditRules, now: Millis) -> Result<Self, Problem> {
        body.read(|fields| {
            let section: Option<Section> = fields.deserialized("section");
            let recorded: Option<Recorded> = fields.deserialized("state");
            let as_of = fields.time("as_of");
            if as_of.is_some_and(|as_of| as_of > now + CLOCKS_DIFFER) {
                fields.refuse("as_of", "must not be in the future");
            }
            let mut optional_time = |name| match fields.given(name) {
                Some(_) => fields.time(name),
                None => None,
            };
            let valid_from = optional_time("valid_from");
            let valid_until = optional_time("valid_until");
            let begins = valid_from.or(as_of);
            if let (Some(begins), Some(ends)) = (begins, valid_until)
                && ends <= begins
            {
                fields.refuse("valid_until", "must be after it begins to hold");
            }
            if let (Some(section), Some(Recorded::Clear)) = (section, recorded)
                && rules.rule(section).needs_end()
                && fields.given("valid_until").is_none()
            {
                fields.refuse(
                    "valid_until",
                    "is required for this section when it is clear",
                );
            }
            let reference = fields.optional_string("reference", 1..=100);
            Some(Self {
                section: section?,
                recorded: recorded?,
                as_of: as_of?,
                valid_from,
                valid_until,
                reference,
            })
        })
    }

    pub fn entry(&self, source: &SourceId) -> Entry {
        Entry {
            source: source.clone(),
            recorded: self.recorded,
            as_of: self.as_of,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        }
    }
}

fn read_consent(fields: &mut Fields<'_>, now: Millis) -> Option<Consent> {
    let text_version = fields.string("text_version", 1..=40);
    let given_at = fields.time("given_at");
    if given_at.is_some_and(|given_at| given_at > now + CLOCKS_DIFFER) {
        fields.refuse("given_at", "must not be in the future");
    }
    Some(Consent {
        text_version: text_version?,
        given_at: given_at?,
    })
}

#[cfg(test)]
mod tests;
