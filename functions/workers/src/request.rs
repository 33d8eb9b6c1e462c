//! Request bodies about workers.

use std::ops::RangeInclusive;

use domain::check::{IdNumber, MobilePhone};
use domain::credit::{CreditRules, Entry, Recorded, Section};
use domain::id::SourceId;
use domain::service::ServiceSet;
use domain::time::Millis;
use domain::worker::{CLOCKS_DIFFER, Consent, ProposedChanges};
use runtime::http::JsonBody;
use runtime::{Fields, Problem};

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

/// Whom an agency may register now.
pub struct Terms {
    /// In full years.
    pub ages: RangeInclusive<i16>,
    /// What the agency was approved for.
    pub services: ServiceSet,
    pub now: Millis,
}

impl WorkerRegistration {
    /// From a body, whenever it was sent.
    pub fn parse(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, None))
    }

    /// From a body that was sent now.
    pub fn parse_now(body: &JsonBody, terms: &Terms) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, Some(terms)))
    }

    fn read(fields: &mut Fields<'_>, terms: Option<&Terms>) -> Option<Self> {
        let name = fields.person_name("name", 40);
        let id_number: Option<IdNumber> = fields.parsed("id_number");
        let mut whose = id_number.as_ref();
        if let (Some(number), Some(Terms { ages, now, .. })) = (whose, terms)
            && !ages.contains(&number.age(*now))
        {
            whose = None;
            let (youngest, oldest) = (ages.start(), ages.end());
            let words = format!("must be of somebody from {youngest} to {oldest} years of age");
            fields.refuse("id_number", words);
        }
        let phone = fields.parsed("phone");
        let skills = match terms {
            Some(terms) => fields.services_among("skills", terms.services),
            None => fields.services("skills"),
        };
        let consent = fields.object("consent", |fields| {
            let consent = read_consent(fields)?;
            if let Some(terms) = terms
                && let Err(fault) = consent.check(whose, terms.now)
            {
                fields.refuse("given_at", fault.to_string());
            }
            Some(consent)
        });
        Some(Self {
            name: name?,
            id_number: id_number?,
            phone: phone?,
            skills: skills?,
            consent: consent?,
        })
    }
}

impl WorkerChange {
    /// Whether its consent can be recorded depends on the worker: [`Consent::check`].
    pub fn read(body: &JsonBody, services: ServiceSet) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.optional_person_name("name", 40);
            let phone = fields.optional_parsed("phone");
            let skills = match fields.given("skills") {
                Some(_) => fields.services_among("skills", services),
                None => None,
            };
            let consent = fields.optional_object("consent", read_consent);
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
            let section: Option<Section> = fields.one_of("section");
            let recorded: Option<Recorded> = fields.one_of("state");
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

fn read_consent(fields: &mut Fields<'_>) -> Option<Consent> {
    let text_version = fields.string("text_version", 1..=40);
    let given_at = fields.time("given_at");
    Some(Consent {
        text_version: text_version?,
        given_at: given_at?,
    })
}

#[cfg(test)]
mod tests;
