use super::*;

const NOW: Millis = Millis(1_800_000_000_000);

fn agency() -> TeamId {
    TeamId::Agency(AgencyId::from_bytes(&[0xff; 16]))
}

fn authority() -> TeamId {
    TeamId::Authority("aut_harbin-commerce".parse().unwrap())
}

fn credential(n: u8) -> Credential {
    Credential {
        id: CredentialId::from_bytes(&[n; 8]),
        member: None,
        name: "前台".to_owned(),
        secret_hash: Hash([n; 32]),
        body_hash: Hash([n; 32]),
        added_by: agency().as_str().to_owned(),
        added_at: NOW,
        withdrawn_at: None,
    }
}

fn member(n: u8, role: Role) -> Member {
    Member {
        id: MemberId::from_bytes(&[n; 8]),
        name: "小李".to_owned(),
        role,
        body_hash: Hash([n; 32]),
        added_at: NOW,
        ended_at: None,
    }
}

/// Of member `n`, and the credential that they come with.
fn newcomer(n: u8, role: Role) -> (Member, Credential) {
    let member = member(n, role);
    let own = Credential {
        member: Some(member.id.clone()),
        ..credential(n)
    };
    (member, own)
}

/// As it is stored when an agency registers.
fn registered() -> Team {
    Team::new(agency(), 1, Vec::new(), vec![credential(1)])
}

fn with(team: &Team, n: u8) -> Team {
    team.with_credential(&credential(n)).unwrap().unwrap()
}

fn without(team: &Team, n: u8) -> Team {
    let left = team.without_credential(&credential(n).id, false, NOW);
    left.unwrap().unwrap()
}

fn with_member(team: &Team, n: u8, role: Role) -> Team {
    let (member, own) = newcomer(n, role);
    team.with_member(&member, &own).unwrap().unwrap()
}

fn change(role: Option<Role>, is_active: Option<bool>) -> MemberChange {
    MemberChange {
        name: None,
        role,
        is_active,
    }
}

#[test]
fn an_access_key_names_the_team_and_the_credential() {
    for (team, text) in [
        (agency(), "hak_zzzzzzzzzzzzzzzzzzzzzzzzzw0000000000000"),
        (authority(), "hak_harbin-commerce_0000000000000"),
    ] {
        let credential = CredentialId::from_bytes(&[0; 8]);
        let key = AccessKey { team, credential };
        assert_eq!(key.to_string(), text);
        assert_eq!(text.parse(), Ok(key));
        let longer = format!("{text}0");
        for wrong in [
            "",
            "hak_",
            "hak__",
            "hak_家",
            &text[1..],
            &text[..30],
            &longer,
        ] {
            assert_eq!(wrong.parse::<AccessKey>(), Err(NotAnAccessKey), "{wrong}");
        }
    }
}

#[test]
fn what_was_stored_before_there_were_members_is_the_owners() {
    let team = registered();
    let (_, owner) = team.opened_by(&credential(1).id).unwrap();
    assert_eq!(
        (&owner.id, owner.role),
        (&agency().first_member(), Role::Owner)
    );
    assert_eq!(team.manager(), Some(owner));
    let unknown = Team::new(agency(), 0, Vec::new(), Vec::new());
    assert_eq!(
        unknown.with_credential(&credential(1)),
        Err(NotChanged::NotFound)
    );
    let (member, own) = newcomer(2, Role::Viewer);
    assert_eq!(
        unknown.with_member(&member, &own),
        Err(NotChanged::NotFound)
    );
}

#[test]
fn one_that_was_withdrawn_does_not_come_back() {
    let both = with(&registered(), 2);
    assert_eq!(both.with_credential(&credential(1)), Ok(None), "a repeat");
    let mut other = credential(1);
    other.body_hash = Hash([9; 32]);
    assert_eq!(both.with_credential(&other), Err(NotChanged::KeyReused));

    let first = credential(1).id;
    let left = without(&both, 1);
    assert_eq!((left.version, left.opened_by(&first)), (3, None));
    assert_eq!(
        left.without_credential(&first, false, NOW),
        Ok(None),
        "a repeat"
    );
    assert_eq!(
        left.with_credential(&credential(1)),
        Err(NotChanged::Withdrawn)
    );
    let unknown = left.without_credential(&credential(7).id, true, NOW);
    assert_eq!(unknown, Err(NotChanged::NotFound));
}

#[test]
fn a_member_comes_once_with_a_credential_and_goes_with_all() {
    let team = with_member(&registered(), 2, Role::Dispatcher);
    let (dispatcher, own) = newcomer(2, Role::Dispatcher);
    assert_eq!(team.opened_by(&own.id), Some((&own, &dispatcher)));
    assert_eq!(team.with_member(&dispatcher, &own), Ok(None), "a repeat");
    let mut other = dispatcher.clone();
    other.body_hash = Hash([9; 32]);
    assert_eq!(team.with_member(&other, &own), Err(NotChanged::KeyReused));

    let end = change(None, Some(false));
    let ended = team
        .with_change(&dispatcher.id, &end, NOW)
        .unwrap()
        .unwrap();
    assert_eq!(ended.opened_by(&own.id), None);
    assert_eq!(ended.with_change(&dispatcher.id, &end, NOW), Ok(None));
    assert_eq!(
        ended.with_member(&dispatcher, &own),
        Err(NotChanged::Withdrawn)
    );
    let more = Credential {
        member: Some(dispatcher.id.clone()),
        ..credential(3)
    };
    assert_eq!(ended.with_credential(&more), Err(NotChanged::NotFound));
    // Back again, it takes a new one.
    let back = change(None, Some(true));
    let back = ended
        .with_change(&dispatcher.id, &back, NOW)
        .unwrap()
        .unwrap();
    assert_eq!(back.opened_by(&own.id), None);
    let back = back.with_credential(&more).unwrap().unwrap();
    assert_eq!(
        back.opened_by(&more.id).map(|(_, member)| &member.id),
        Some(&dispatcher.id)
    );
}

#[test]
fn somebody_who_manages_the_members_can_always_log_in() {
    let team = with_member(&registered(), 2, Role::Viewer);
    let owner = agency().first_member();
    let only = credential(1).id;
    let last = Err(NotChanged::Last);
    assert_eq!(team.without_credential(&only, false, NOW), last);
    let without_any = team.without_credential(&only, true, NOW).unwrap().unwrap();
    assert!(without_any.opened_by(&only).is_none());
    for change in [
        change(Some(Role::Dispatcher), None),
        change(None, Some(false)),
    ] {
        assert_eq!(team.with_change(&owner, &change, NOW), last);
        let two = with_member(&team, 3, Role::Owner);
        assert!(two.with_change(&owner, &change, NOW).unwrap().is_some());
        // An owner who cannot log in does not count.
        let id = newcomer(3, Role::Owner).1.id;
        let locked = two.without_credential(&id, false, NOW).unwrap().unwrap();
        assert_eq!(locked.with_change(&owner, &change, NOW), last);
    }

    // The operator's key is the first supervisor's, and is not withdrawn here.
    let bureau = Team::new(authority(), 0, Vec::new(), Vec::new());
    let bureau = with_member(&bureau, 2, Role::Supervisor);
    let second = newcomer(2, Role::Supervisor).1.id;
    assert!(bureau.without_credential(&second, false, NOW).is_ok());
    let first = authority().first_member();
    let end = change(None, Some(false));
    let ended = bureau.with_change(&first, &end, NOW).unwrap().unwrap();
    assert_eq!(ended.without_credential(&second, false, NOW), last);
}

#[test]
fn there_are_ten_credentials_a_member_and_not_more_than_a_team_can_hold() {
    let mut team = registered();
    for n in 2..=10 {
        team = with(&team, n);
    }
    assert_eq!(
        team.with_credential(&credential(11)),
        Err(NotChanged::TooMany)
    );
    for n in 11..=200 {
        team = with(&without(&team, n - 1), n);
    }
    team = without(&team, 200);
    let until = NOW + WITHDRAWN_REMEMBERED;
    assert_eq!(
        team.with_credential(&credential(201)),
        Err(NotChanged::TooManyLately { until })
    );
    // What the authority gives is not in the way of what others did.
    for n in 202..=211 {
        let mut given = credential(n);
        given.added_by = "aut_harbin-commerce".to_owned();
        team = team.with_credential(&given).unwrap().unwrap();
        assert_eq!(team.credentials.len(), 200);
    }
    for n in 202..=211 {
        team = without(&team, n);
    }
    let mut later = credential(201);
    later.added_at = NOW + WITHDRAWN_REMEMBERED;
    let team = team.with_credential(&later).unwrap().unwrap();
    assert_eq!(
        team.credentials.len(),
        10,
        "what was withdrawn long ago is forgotten"
    );
}

#[test]
fn who_manages_the_members_is_known_by_what_is_live_now() {
    let team = with(&registered(), 2);
    let (owner, by) = (agency().first_member(), credential(2).id);
    assert!(team.is_managed_by(&owner, Some(&by)));
    let other = with_member(&team, 3, Role::Owner);
    let demoted = other.with_change(&owner, &change(Some(Role::Viewer), None), NOW);
    for (team, by) in [
        (&without(&team, 2), Some(&by)),
        (&demoted.unwrap().unwrap(), Some(&by)),
        (&other, Some(&newcomer(3, Role::Owner).1.id)),
        (&team, None),
    ] {
        assert!(!team.is_managed_by(&owner, by));
    }
    let bureau = Team::new(authority(), 0, Vec::new(), Vec::new());
    assert!(bureau.is_managed_by(&authority().first_member(), None));
}

#[test]
fn there_are_fifty_members_at_once() {
    let mut team = registered();
    for n in 2..=50 {
        team = with_member(&team, n, Role::Viewer);
    }
    let (member, own) = newcomer(51, Role::Viewer);
    assert_eq!(team.with_member(&member, &own), Err(NotChanged::TooMany));
    let ended = team.with_change(
        &newcomer(2, Role::Viewer).0.id,
        &change(None, Some(false)),
        NOW,
    );
    let ended = ended.unwrap().unwrap();
    let full = ended.with_member(&member, &own).unwrap().unwrap();
    let back = full.with_change(
        &newcomer(2, Role::Viewer).0.id,
        &change(None, Some(true)),
        NOW,
    );
    assert_eq!(back, Err(NotChanged::TooMany));
}
