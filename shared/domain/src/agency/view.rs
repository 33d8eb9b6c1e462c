//! Agencies and stores as they are shown to themselves and the authority, in the words of the HTTP contract.

use serde::Serialize;

use super::{Agency, Paper, PaperKind, PaperType, Papers, Review, Standing, Store, StoreChange};
use crate::availability::Span;
use crate::chain::Hash;
use crate::check::{MobilePhone, Uscc};
use crate::geo::Wgs84;
use crate::id::{AgencyId, AuthorityId, StoreId};
use crate::service::ServiceSet;
use crate::stars::StarsView;
use crate::time::{Millis, optional_rfc3339, rfc3339};

/// An agency with its stores.
#[derive(Serialize)]
pub struct AgencyView<'a> {
    agency_id: &'a AgencyId,
    name: &'a str,
    uscc: &'a Uscc,
    responsible_person: &'a str,
    phone: &'a MobilePhone,
    services: ServiceSet,
    papers: Vec<PaperView>,
    status: Standing,
    /// What a decision names.
    version: u64,
    pending_changes: Option<AgencyChanges<'a>>,
    /// `None` until a rating counts.
    stars: Option<StarsView>,
    #[serde(with = "rfc3339")]
    registered_at: Millis,
    reviews: Vec<ReviewView<'a>>,
    stores: Vec<StoreView<'a>>,
}

/// What would change of an agency that works already.
#[derive(Serialize)]
pub struct AgencyChanges<'a> {
    name: Option<&'a str>,
    responsible_person: Option<&'a str>,
    phone: Option<&'a MobilePhone>,
    services: Option<ServiceSet>,
    papers: Option<Vec<PaperView>>,
}

#[derive(Serialize)]
pub struct PaperView {
    kind: PaperKind,
    sha256: Hash,
    media_type: PaperType,
    bytes: u64,
    #[serde(with = "rfc3339")]
    uploaded_at: Millis,
    /// Where this very content can be read.
    path: String,
}

/// A store.
#[derive(Serialize)]
pub struct StoreView<'a> {
    store_id: &'a StoreId,
    name: &'a str,
    address: &'a str,
    /// `closed`, or as it stands.
    status: &'static str,
    location: Option<Wgs84>,
    proposed_location: Option<Wgs84>,
    /// `None` is all that its agency offers.
    services: Option<ServiceSet>,
    /// `None` is always.
    opening_hours: Option<&'a [Span]>,
    /// What a decision names.
    version: u64,
    pending_changes: Option<StoreChanges<'a>>,
    #[serde(with = "rfc3339")]
    added_at: Millis,
    #[serde(with = "optional_rfc3339")]
    closed_at: Option<Millis>,
    reviews: Vec<ReviewView<'a>>,
}

/// What would change of a store that works already.
#[derive(Serialize)]
pub struct StoreChanges<'a> {
    name: Option<&'a str>,
    address: Option<&'a str>,
    location: Option<Wgs84>,
    /// Empty is all that its agency offers.
    services: Option<ServiceSet>,
}

#[derive(Serialize)]
struct ReviewView<'a> {
    decision: &'static str,
    reason: &'a str,
    by: &'a AuthorityId,
    #[serde(with = "rfc3339")]
    at: Millis,
    papers: Vec<DecidedPaper>,
}

/// A paper that a decision was on.
#[derive(Serialize)]
struct DecidedPaper {
    kind: PaperKind,
    sha256: Hash,
}

impl Paper {
    fn view(&self, agency: &AgencyId) -> PaperView {
        let Self { kind, sha256, .. } = self;
        PaperView {
            kind: *kind,
            sha256: *sha256,
            media_type: self.media_type,
            bytes: self.bytes,
            uploaded_at: self.uploaded_at,
            path: format!(
                "/v1/papers/{}?agency_id={agency}&sha256={sha256}",
                kind.as_str()
            ),
        }
    }
}

impl Papers {
    /// As this agency and the authority see its papers.
    pub fn view(&self, agency: &AgencyId) -> Vec<PaperView> {
        self.iter().map(|paper| paper.view(agency)).collect()
    }
}

impl Agency {
    /// As its view and its review show them.
    pub fn pending_changes(&self) -> Option<AgencyChanges<'_>> {
        self.proposed.as_ref().map(|proposed| AgencyChanges {
            name: proposed.name.as_deref(),
            responsible_person: proposed.responsible_person.as_deref(),
            phone: proposed.phone.as_ref(),
            services: proposed.services,
            papers: (!proposed.papers.is_empty()).then(|| proposed.papers.view(&self.id)),
        })
    }

    /// With its stores, in the order given.
    pub fn view<'a>(&'a self, stores: &'a [Store]) -> AgencyView<'a> {
        AgencyView {
            agency_id: &self.id,
            name: &self.name,
            uscc: &self.uscc,
            responsible_person: &self.responsible_person,
            phone: &self.phone,
            services: self.services,
            papers: self.papers.view(&self.id),
            status: self.standing,
            version: self.review_version,
            pending_changes: self.pending_changes(),
            stars: self.stats.stars().view(),
            registered_at: self.registered_at,
            reviews: reviews(&self.reviews),
            stores: stores.iter().map(Store::view).collect(),
        }
    }
}

impl Store {
    /// As its view and its review show them.
    pub fn pending_changes(&self) -> Option<StoreChanges<'_>> {
        let StoreChange {
            name,
            address,
            location,
            services,
        } = &self.proposed;
        let waits = self.location.is_some() && !self.proposed.is_empty();
        waits.then_some(StoreChanges {
            name: name.as_deref(),
            address: address.as_deref(),
            location: *location,
            services: *services,
        })
    }

    /// As its agency and the authority see it.
    pub fn view(&self) -> StoreView<'_> {
        StoreView {
            store_id: &self.id,
            name: &self.name,
            address: &self.address,
            status: match self.closed_at {
                Some(_) => "closed",
                None => self.status.as_str(),
            },
            location: self.location,
            proposed_location: self.proposed.location,
            services: Some(self.services).filter(|services| !services.is_empty()),
            opening_hours: Some(&*self.opening_hours).filter(|hours| !hours.is_empty()),
            version: self.review_version,
            pending_changes: self.pending_changes(),
            added_at: self.added_at,
            closed_at: self.closed_at,
            reviews: reviews(&self.reviews),
        }
    }
}

fn reviews(reviews: &[Review]) -> Vec<ReviewView<'_>> {
    reviews
        .iter()
        .map(|review| ReviewView {
            decision: review.decision.as_str(),
            reason: &review.reason,
            by: &review.by,
            at: review.at,
            papers: review
                .papers
                .iter()
                .map(|paper| DecidedPaper {
                    kind: paper.kind,
                    sha256: paper.sha256,
                })
                .collect(),
        })
        .collect()
}
