use super::*;
use Decision::{Approve, Reject};

fn agency(n: u8) -> AgencyId {
    AgencyId::from_bytes(&[n; 16])
}

fn consent() -> Consent {
    Consent {
        text_version: "2026-01".to_owned(),
        given_at: Millis(1),
    }
}

/// A worker of the first agency.
fn worker(standing: Standing) -> (Worker, Profile) {
    let worker = Worker {
        id: WorkerId::from_bytes(&[1; 16]),
        version: 1,
        review_version: 1,
        last_decision: None,
        agency: agency(1),
        standing,
        skills: ServiceSet::all(),
        experience: Vec::new(),
        sex: None,
        masked_name: "陈*".to_owned(),
        registered_at: Millis(1),
        waits_since: Some(Millis(1)).filter(|_| standing == Standing::Pending),
        photo: None,
        sections: Default::default(),
        is_erased: false,
    };
    let profile = Profile {
        name: "陈真".to_owned(),
        id_number: "11010519491231002X".parse().unwrap(),
        phone: "13912345678".parse().unwrap(),
        consent: consent(),
        references: Default::default(),
        phone_confirmed: true,
        former_phone: None,
        proposals: Vec::new(),
    };
    (worker, profile)
}

fn named(name: &str) -> ProposedChanges {
    ProposedChanges {
        name: Some(name.to_owned()),
        ..ProposedChanges::default()
    }
}

fn wanted_by(n: u8, worker: &Worker, profile: &mut Profile) -> Proposal {
    let changes = ProposedChanges {
        phone: Some("13800000000".parse().unwrap()),
        skills: Some(ServiceSet::all()),
        ..named("陈真")
    };
    let proposal = Proposal {
        consent: Some(consent()),
        ..Proposal::new(&worker.id, &agency(n), changes, Millis(10 + i64::from(n)))
    };
    profile.proposals.push(proposal.clone());
    proposal
}

fn decision(worker: &Worker, proposal: &Proposal, decision: Decision) -> LastDecision {
    LastDecision {
        proposal: Some(proposal.id.clone()),
        decision,
        version: Some(proposal.version(worker)),
    }
}

#[test]
fn another_person_is_a_proposal_once_she_is_approved() {
    let (pending, profile) = worker(Standing::Pending);
    let (changed, new) = pending
        .changed(&profile, &agency(1), named("贾冒"), Millis(5))
        .unwrap();
    assert_eq!((&*new.name, &*changed.masked_name), ("贾冒", "贾*"));
    assert_eq!(changed.review_version, 2, "who looked has seen another one");

    for standing in [Standing::Approved, Standing::Suspended] {
        let (approved, profile) = worker(standing);
        let (changed, new) = approved
            .changed(&profile, &agency(1), named("贾冒"), Millis(5))
            .unwrap();
        assert_eq!((&*new.name, &*changed.masked_name), ("陈真", "陈*"));
        assert_eq!(changed.waits_since, Some(Millis(5)));
        let proposal = new.waiting(&agency(1)).unwrap().clone();
        let approve = decision(&changed, &proposal, Approve);
        let (renamed, after) = changed.proposal_decided(&new, &proposal, approve, false);
        assert_eq!((&*after.name, &*renamed.masked_name), ("贾冒", "贾*"));
        assert_eq!((renamed.standing, renamed.waits_since), (standing, None));
        let reject = decision(&changed, &proposal, Reject);
        let (same, after) = changed.proposal_decided(&new, &proposal, reject, false);
        assert_eq!((&*after.name, &*same.masked_name), ("陈真", "陈*"));
        assert!(after.proposals.is_empty());
    }
}

#[test]
fn who_was_rejected_is_corrected_and_waits_again() {
    let (rejected, profile) = worker(Standing::Rejected);
    let (changed, new) = rejected
        .changed(&profile, &agency(1), named("陈珍"), Millis(5))
        .unwrap();
    assert_eq!((changed.standing, &*new.name), (Standing::Pending, "陈珍"));
    assert_eq!(changed.waits_since, Some(Millis(5)));
}

/// Whatever is proposed, withdrawn and decided: a version that was shown never comes back for something else.
#[test]
fn no_version_is_shown_twice() {
    let (mut worker, mut profile) = worker(Standing::Approved);
    let mut shown = std::collections::BTreeMap::new();
    let mut see = |worker: &Worker, profile: &Profile| {
        for proposal in &profile.proposals {
            let version = (proposal.id.clone(), proposal.version(worker));
            let seen = format!("{:?} {}", proposal.changes.name, worker.masked_name);
            assert_eq!(*shown.entry(version).or_insert(seen.clone()), seen);
        }
    };
    for name in ["甲一", "乙二", "陈真", "丙三", "陈真", "丁四"] {
        let changed = worker.changed(&profile, &agency(1), named(name), Millis(5));
        (worker, profile) = changed.unwrap();
        see(&worker, &profile);
    }
    wanted_by(2, &worker, &mut profile);
    see(&worker, &profile);
    for (n, verdict) in [(1, Approve), (2, Reject)] {
        let proposal = profile.waiting(&agency(n)).unwrap().clone();
        let verdict = decision(&worker, &proposal, verdict);
        (worker, profile) = worker.proposal_decided(&profile, &proposal, verdict, false);
        see(&worker, &profile);
    }
    for name in ["戊五", "己六"] {
        for n in [1, 2] {
            let changed = worker.changed(&profile, &agency(n), named(name), Millis(6));
            (worker, profile) = changed.unwrap();
            see(&worker, &profile);
        }
    }
}

#[test]
fn several_agencies_wait_side_by_side() {
    let (mut worker, mut profile) = worker(Standing::Approved);
    let second = wanted_by(2, &worker, &mut profile);
    let third = wanted_by(3, &worker, &mut profile);
    worker.waits_since = profile.waits_since();
    assert_eq!(worker.waits_since, Some(Millis(12)));
    let stale = decision(&worker, &third, Approve);

    let approve = decision(&worker, &second, Approve);
    let (moved, after) = worker.proposal_decided(&profile, &second, approve.clone(), false);
    assert_eq!(moved.agency, agency(2));
    assert!(
        !after.phone_confirmed,
        "nobody has asked her for the new phone"
    );
    assert_eq!(
        moved.waits_since,
        Some(Millis(13)),
        "the third one waits on"
    );
    // A repeat is known, and the other's version is another one now.
    assert_eq!(moved.binds(&approve, 0), Ok(false));
    assert!(moved.binds(&stale, third.version(&moved)).is_err());

    let reject = decision(&moved, &third, Reject);
    let (same, after) = moved.proposal_decided(&after, &third, reject, false);
    assert_eq!(same.agency, agency(2));
    assert_eq!(after.waiting(&agency(3)), None);
    assert_eq!(
        after.proposals[0].standing,
        Standing::Rejected,
        "it hears so"
    );
    assert_eq!(same.waits_since, None);
}

#[test]
fn whoever_has_left_waits_for_those_who_want_her_and_for_nobody_else() {
    let (worker, mut profile) = worker(Standing::Approved);
    let (mut worker, changed) = worker
        .changed(&profile, &agency(1), named("贾冒"), Millis(5))
        .unwrap();
    profile = changed;
    let wish = wanted_by(2, &worker, &mut profile);
    worker.waits_since = profile.waits_since();
    let shown: Vec<u64> = profile
        .proposals
        .iter()
        .map(|one| one.version(&worker))
        .collect();
    let (left, after) = worker.left(&profile);
    assert_eq!(
        (worker.employer(), left.employer()),
        (Some(&agency(1)), None)
    );
    assert_eq!(
        (left.standing, left.waits_since),
        (Standing::Approved, Some(wish.at))
    );
    assert_eq!(after.proposals, std::slice::from_ref(&wish));
    assert!(shown.iter().all(|version| *version < wish.version(&left)));

    let approve = decision(&left, &wish, Approve);
    let (moved, after) = left.proposal_decided(&after, &wish, approve, false);
    assert_eq!(
        (moved.employer(), after.proposals.len()),
        (Some(&agency(2)), 0)
    );
}

#[test]
fn a_move_is_as_she_wants_it_herself() {
    let (worker, mut profile) = worker(Standing::Approved);
    let wish = wanted_by(2, &worker, &mut profile);
    let hers = Consent {
        text_version: "2026-02".to_owned(),
        given_at: Millis(20),
    };
    // What the authority was told on the phone counts only of somebody who has no sessions.
    for (has_sessions, is_confirmed, agrees) in [
        (true, true, false),
        (true, false, false),
        (false, true, true),
        (false, false, false),
    ] {
        profile.phone_confirmed = has_sessions;
        assert_eq!(profile.agrees_to(&wish, is_confirmed), agrees);
    }
    assert!(
        profile
            .agreed(&ProposalId::new(&worker.id, &agency(3)), hers.clone())
            .is_none()
    );
    let after = profile.agreed(&wish.id, hers.clone()).unwrap();
    let agreed = &after.proposals[0];
    assert!(
        agreed.version(&worker) > wish.version(&worker),
        "a review shows it"
    );
    profile.phone_confirmed = true;
    assert!(profile.agrees_to(agreed, false));
    assert!(
        after.agreed(&wish.id, hers.clone()).unwrap() == after,
        "the same again"
    );
    let approve = decision(&worker, agreed, Approve);
    let (_, moved) = worker.proposal_decided(&after, agreed, approve, false);
    assert_eq!(moved.consent, hers);
}
