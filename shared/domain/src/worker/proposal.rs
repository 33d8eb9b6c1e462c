//! What agencies want of a worker, and what the authority decides about it and about her.
//!
//! As long as she has not been approved, her agency changes what it has given of her at once. Later its changes are proposals,
//! as is another agency's wish to employ her: several wait side by side, and the old values serve until one is approved.

use serde::{Deserialize, Serialize};

use super::{Consent, Experience, Photo, Profile, Worker, masked_name};
use crate::agency::{Decision, NotDecided, Standing};
use crate::check::MobilePhone;
use crate::id::{AgencyId, ProposalId, WorkerId};
use crate::service::ServiceSet;
use crate::time::Millis;

/// What an agency wants of a worker who has been approved: to change what is known of her, if it employs her, else to employ
/// her. The old values serve until it is approved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub id: ProposalId,
    pub agency: AgencyId,
    /// Rises by one with every change of it.
    pub revision: u64,
    pub at: Millis,
    /// Pending or rejected. One that is rejected stays, so that the agency that employs nobody hears of it.
    pub standing: Standing,
    pub changes: ProposedChanges,
    /// That she wants to work for the agency; there exactly if it does not employ her.
    pub consent: Option<Consent>,
    /// The same, as she has said it in a session of her own.
    #[serde(default)]
    pub agreed: Option<Consent>,
}

/// Fields as proposed; `None` stays as it is. Of somebody who is to be employed all but the photo are there.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProposedChanges {
    pub name: Option<String>,
    pub phone: Option<MobilePhone>,
    pub skills: Option<ServiceSet>,
    pub experience: Option<Vec<Experience>>,
    pub photo: Option<Photo>,
}

/// The decision on a worker that was taken last, by which its repeat is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDecision {
    /// What was decided on, if not her registration.
    pub proposal: Option<ProposalId>,
    pub decision: Decision,
    pub version: Option<u64>,
}

/// Empty, so that personal data cannot slip into a log.
impl std::fmt::Debug for Proposal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proposal")
    }
}

impl Worker {
    /// Whether a decision on her registration, or on a proposal with this version, can be taken. `false` for the repeat of the
    /// last decision, which changes nothing.
    ///
    /// # Errors
    /// When something is approved or rejected that is not what was looked at.
    pub fn binds(&self, decision: &LastDecision, version: u64) -> Result<bool, NotDecided> {
        if self.last_decision.as_ref() == Some(decision) && decision.decision.needs_version() {
            return Ok(false);
        }
        if decision.decision.needs_version() && decision.version != Some(version) {
            return Err(NotDecided::ChangedSince { version });
        }
        Ok(true)
    }

    /// The worker after a decision on whether she may work, which is remembered; `None` when she already stands as decided.
    ///
    /// # Errors
    /// When the decision makes no sense now.
    pub fn decided(
        &self,
        profile: Option<&Profile>,
        decision: LastDecision,
    ) -> Result<Option<Self>, NotDecided> {
        let standing = self.standing.decide(decision.decision)?;
        if standing == self.standing {
            return Ok(None);
        }
        let mut worker = self.clone();
        worker.standing = standing;
        worker.waits_since = profile.and_then(Profile::waits_since);
        worker.remember(profile, decision);
        Ok(Some(worker))
    }

    /// The worker and her profile after a decision on a proposal that waits. Who is suspended stays so: that is another
    /// decision. What the employer whom she leaves has proposed goes with it.
    pub fn proposal_decided(
        &self,
        profile: &Profile,
        proposal: &Proposal,
        decision: LastDecision,
        phone_confirmed: bool,
    ) -> (Self, Profile) {
        let (mut worker, mut profile) = (self.clone(), profile.clone());
        worker.remember(Some(&profile), decision.clone());
        let is_own = proposal.agency == self.agency;
        if decision.decision == Decision::Approve {
            // Unless she has given another one herself since.
            if let Some(consent) = proposal.agreed.as_ref().or(proposal.consent.as_ref())
                && consent.given_at > profile.consent.given_at
            {
                profile.consent = consent.clone();
            }
            if worker.standing != Standing::Suspended {
                worker.standing = Standing::Approved;
            }
            worker.apply(&mut profile, proposal.changes.clone());
            worker.sex = Some(profile.id_number.sex());
            if phone_confirmed {
                profile.confirm_phone();
            }
            let gone = [&proposal.agency, &self.agency];
            profile
                .proposals
                .retain(|other| !gone.contains(&&other.agency));
            worker.agency = proposal.agency.clone();
        } else if is_own {
            profile.proposals.retain(|other| other.id != proposal.id);
        } else if let Some(rejected) = profile.proposal_mut(&proposal.agency) {
            rejected.standing = Standing::Rejected;
        }
        if worker.standing != Standing::Pending {
            worker.waits_since = profile.waits_since();
        }
        (worker, profile)
    }

    /// The worker and her profile after a change that an agency wants: made at once as long as she has not been approved, and
    /// then she waits for review (again); else proposed, beside what it has proposed already. What is so already is no
    /// proposal. `None` when nothing changes, or this agency may not change anything.
    pub fn changed(
        &self,
        profile: &Profile,
        by: &AgencyId,
        change: ProposedChanges,
        now: Millis,
    ) -> Option<(Self, Profile)> {
        let (mut worker, mut new) = (self.clone(), profile.clone());
        if *by == self.agency && !self.was_approved() {
            worker.apply(&mut new, change);
            if (&worker, &new) != (self, profile) {
                worker.review_version += 1;
                worker.standing = Standing::Pending;
                worker.waits_since.get_or_insert(now);
            }
        } else {
            let is_own = *by == self.agency;
            if is_own && new.proposal_mut(by).is_none() {
                new.proposals
                    .push(Proposal::new(&self.id, by, ProposedChanges::default(), now));
            }
            let proposal = new.proposal_mut(by)?;
            let before = proposal.changes.clone();
            proposal.changes = ProposedChanges {
                name: change.name.or(before.name.clone()),
                phone: change.phone.or(before.phone.clone()),
                skills: change.skills.or(before.skills),
                experience: change.experience.or(before.experience.clone()),
                photo: change.photo.or(before.photo.clone()),
            };
            if is_own {
                proposal.changes.leave_out_what_is_so(self, profile);
            }
            if proposal.changes != before {
                proposal.revision += 1;
                proposal.standing = Standing::Pending;
            }
            // One that begins anew must not come to a version that this one had.
            let withdrawn = new
                .proposals
                .extract_if(.., |proposal| proposal.changes.is_empty());
            worker.review_version += withdrawn.map(|gone| gone.revision + 1).sum::<u64>();
            if self.standing != Standing::Pending {
                worker.waits_since = new.waits_since();
            }
        }
        ((&worker, &new) != (self, profile)).then_some((worker, new))
    }

    /// The worker and her profile after she has left her employer, whose own proposals go.
    pub fn left(&self, profile: &Profile) -> (Self, Profile) {
        let (mut worker, mut new) = (self.clone(), profile.clone());
        let gone = new
            .proposals
            .extract_if(.., |own| own.agency == self.agency);
        // What begins anew must not come to a version that was shown before.
        worker.review_version += 1 + gone.map(|gone| gone.revision + 1).sum::<u64>();
        worker.agency = Self::no_agency();
        if self.standing != Standing::Pending {
            worker.waits_since = new.waits_since();
        }
        (worker, new)
    }

    /// Takes over what was proposed.
    fn apply(&mut self, profile: &mut Profile, changes: ProposedChanges) {
        if let Some(name) = changes.name {
            self.masked_name = masked_name(&name);
            profile.name = name;
        }
        if let Some(phone) = changes.phone.filter(|phone| *phone != profile.phone) {
            let old = std::mem::replace(&mut profile.phone, phone);
            if profile.phone_confirmed {
                profile.former_phone = Some(old);
            }
            let former = profile.former_phone.as_ref();
            profile.phone_confirmed = former == Some(&profile.phone);
            if profile.phone_confirmed {
                profile.former_phone = None;
            }
        }
        if let Some(skills) = changes.skills {
            self.skills = skills;
        }
        if let Some(experience) = changes.experience {
            self.experience = experience;
        }
        let skills = self.skills;
        self.experience
            .retain(|experience| skills.contains(experience.service));
        if let Some(photo) = changes.photo {
            self.photo = Some(photo);
        }
    }

    /// Remembers a decision. All that waits beside what was decided gets a version that it never had: the worker whom its
    /// reviewers saw is another one now.
    fn remember(&mut self, profile: Option<&Profile>, decision: LastDecision) {
        let proposals = profile.into_iter().flat_map(|profile| &profile.proposals);
        let revision = proposals.map(|proposal| proposal.revision).max();
        self.review_version += revision.map_or(0, |revision| revision + 1);
        self.last_decision = Some(decision);
    }

    /// Who is registered anew after her data was erased is somebody whom nobody has looked at: no decision of before, and
    /// no version that was shown then, counts for her. Her profile cannot be read once she is in a restored table.
    pub fn forget_decisions(&mut self, profile: Option<&Profile>) {
        const MORE_THAN_ANY_REVISION: u64 = 1_000_000;
        let proposals = profile.map(|profile| profile.proposals.iter());
        let revision = proposals.map(|all| all.map(|proposal| proposal.revision).max());
        let revision = revision.map_or(MORE_THAN_ANY_REVISION, Option::unwrap_or_default);
        self.review_version += revision + 1;
        self.last_decision = None;
    }
}

impl Profile {
    /// What this agency wants of her and the authority has not decided on.
    pub fn waiting(&self, agency: &AgencyId) -> Option<&Proposal> {
        let mut proposals = self.proposals.iter();
        proposals.find(|proposal| proposal.agency == *agency && proposal.waits())
    }

    fn proposal_mut(&mut self, agency: &AgencyId) -> Option<&mut Proposal> {
        let mut proposals = self.proposals.iter_mut();
        proposals.find(|proposal| proposal.agency == *agency)
    }

    /// Her profile after she has agreed, in a session of her own, to work for the agency that proposes it. `None` when no
    /// such proposal waits. It has another version then: a review shows that she has agreed.
    pub fn agreed(&self, proposal: &ProposalId, consent: Consent) -> Option<Self> {
        let mut new = self.clone();
        let mut proposals = new.proposals.iter_mut();
        let wish = proposals.find(|wish| wish.id == *proposal && wish.waits())?;
        wish.consent.as_ref()?;
        if wish.agreed.is_none() {
            wish.agreed = Some(consent);
            wish.revision += 1;
        }
        Some(new)
    }

    /// Whether it is known from herself that she wants this change of employer: she has agreed in a session of her own, or
    /// the authority has just confirmed her phone with her because she has no sessions yet.
    pub fn agrees_to(&self, wish: &Proposal, phone_confirmed: bool) -> bool {
        wish.agreed.is_some() || (!self.has_sessions() && phone_confirmed)
    }

    /// Whether a phone of hers opens sessions.
    pub fn has_sessions(&self) -> bool {
        self.phone_confirmed || self.former_phone.is_some()
    }

    /// The phones that are hers and nobody else's once she is approved.
    pub fn phones(&self) -> impl Iterator<Item = &MobilePhone> {
        std::iter::once(&self.phone).chain(&self.former_phone)
    }

    /// The authority has confirmed with her that this phone is hers; the one before it opens no sessions any more.
    pub fn confirm_phone(&mut self) {
        self.phone_confirmed = true;
        self.former_phone = None;
    }

    /// Since when the oldest proposal waits.
    pub fn waits_since(&self) -> Option<Millis> {
        let waiting = self.proposals.iter().filter(|proposal| proposal.waits());
        waiting.map(|proposal| proposal.at).min()
    }
}

impl Proposal {
    pub fn new(worker: &WorkerId, by: &AgencyId, changes: ProposedChanges, at: Millis) -> Self {
        Self {
            id: ProposalId::new(worker, by),
            agency: by.clone(),
            revision: 1,
            at,
            standing: Standing::Pending,
            changes,
            consent: None,
            agreed: None,
        }
    }

    pub fn waits(&self) -> bool {
        self.standing == Standing::Pending
    }

    /// What a decision on it names: it rises with what is proposed, and with what is known of the worker.
    pub fn version(&self, worker: &Worker) -> u64 {
        worker.review_version + self.revision
    }
}

impl ProposedChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn leave_out_what_is_so(&mut self, worker: &Worker, profile: &Profile) {
        self.name.take_if(|name| *name == profile.name);
        self.phone.take_if(|phone| *phone == profile.phone);
        self.skills.take_if(|skills| *skills == worker.skills);
        self.experience
            .take_if(|experience| *experience == worker.experience);
        self.photo
            .take_if(|photo| worker.photo.as_ref() == Some(photo));
    }
}

#[cfg(test)]
mod tests;
