//! Request bodies about workers.

use std::ops::RangeInclusive;

use domain::catalogue::{Catalogue, MOST_TAGS};
use domain::check::{IdNumber, MobilePhone};
use domain::credit::{CreditRules, Entry, Recorded, Section};
use domain::id::SourceId;
use domain::service::{Service, ServiceSet};
use domain::time::Millis;
use domain::worker::{CLOCKS_DIFFER, Consent, Experience, ProposedChanges};
use runtime::http::JsonBody;
use runtime::{Fields, Problem};

#[derive(Clone)]
pub struct WorkerRegistration {
    pub name: String,
    pub id_number: IdNumber,
    pub phone: MobilePhone,
    pub skills: ServiceSet,
    pub experience: Vec<Experience>,
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
pub struct Terms<'a> {
    /// In full years.
    pub ages: RangeInclusive<i16>,
    /// What the agency was approved for.
    pub services: ServiceSet,
    pub catalogue: &'a Catalogue,
    pub now: Millis,
}

/// The longest that somebody has done something, in years.
const MOST_YEARS: i64 = 60;

impl WorkerRegistration {
    /// From a body, whenever it was sent.
    pub fn parse(body: &JsonBody) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, None))
    }

    /// From a body that was sent now.
    pub fn parse_now(body: &JsonBody, terms: &Terms<'_>) -> Result<Self, Problem> {
        body.read(|fields| Self::read(fields, Some(terms)))
    }

    fn read(fields: &mut Fields<'_>, terms: Option<&Terms<'_>>) -> Option<Self> {
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
        let experience = read_experience(fields, terms.map(|terms| terms.catalogue), skills);
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
            experience: experience?.unwrap_or_default(),
            consent: consent?,
        })
    }
}

impl WorkerChange {
    /// Whether its consent can be recorded depends on the worker: [`Consent::check`]. So does whether she has the skills that
    /// she has experience in, if they are not given too.
    pub fn read(
        body: &JsonBody,
        services: ServiceSet,
        catalogue: &Catalogue,
    ) -> Result<Self, Problem> {
        body.read(|fields| {
            let name = fields.optional_person_name("name", 40);
            let phone = fields.optional_parsed("phone");
            let skills = match fields.given("skills") {
                Some(_) => fields.services_among("skills", services),
                None => None,
            };
            let experience = read_experience(fields, Some(catalogue), skills);
            let consent = fields.optional_object("consent", read_consent);
            fields.require_one_of(&["name", "phone", "skills", "experience", "consent"]);
            Some(Self {
                fields: ProposedChanges {
                    name,
                    phone,
                    skills,
                    experience: experience?,
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

/// What is given of experience, by service; `Some(None)` if nothing is. Each service must be one of the `skills`, if they are
/// known, and of each it is given once. Without a catalogue any tags pass.
fn read_experience(
    fields: &mut Fields<'_>,
    catalogue: Option<&Catalogue>,
    skills: Option<ServiceSet>,
) -> Option<Option<Vec<Experience>>> {
    if fields.given("experience").is_none() {
        return Some(None);
    }
    let mut named = Vec::new();
    let given = fields.objects("experience", 0..=2 * Service::ALL.len(), |one| {
        let service: Option<Service> = one.parsed("service");
        if let Some(service) = service {
            if skills.is_some_and(|skills| !skills.contains(service)) {
                one.refuse("service", not_a_skill(service));
            }
            if named.contains(&service) {
                one.refuse("service", format!("{service} must not be given twice"));
            }
            named.push(service);
        }
        let years = one.integer("years", 0..=MOST_YEARS);
        let tags = one.tags("tags", MOST_TAGS, |tag| {
            let both = catalogue.zip(service);
            both.map_or(Ok(()), |(all, service)| all.check_skill(tag, service))
        });
        Some(Experience {
            service: service?,
            years: u32::try_from(years?).ok()?,
            tags: tags?,
        })
    });
    let mut given = given?;
    given.sort_by_key(|one| one.service);
    Some(Some(given))
}

pub(crate) fn not_a_skill(service: Service) -> String {
    format!("{service} must be one of her skills")
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
