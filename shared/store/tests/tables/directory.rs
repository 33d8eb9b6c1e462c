//! Agencies, stores and what is decided about them.

use domain::agency::{
    Agency, AgencyStats, Decision, NotDecided, Papers, Review, Standing, Store, StoreChange,
};
use domain::chain::Hash;
use domain::check::Uscc;
use domain::geo::Wgs84;
use domain::id::{CredentialId, MemberId, StoreId};
use domain::member::{Credential, Deed, Team, TeamId};
use domain::service::{Service, ServiceSet};
use domain::time::Millis;
use futures::future::join_all;
use store::{
    AgencyDecided, Authority, DirectoryImage, Error, Registered, StoreAdded, StoreDecided, Waiting,
    directory_image,
};

use crate::world::{DIRECTORY, NOW, World, agency, owner, place};

pub fn candidate(n: u8, uscc: &Uscc) -> Agency {
    Agency {
        id: agency(n),
        name: "哈尔滨好帮手家政服务有限公司".to_owned(),
        uscc: uscc.clone(),
        responsible_person: "张三".to_owned(),
        phone: "13800138000".parse().unwrap(),
        services: ServiceSet::from_iter([Service::Cleaning, Service::LiveIn]),
        papers: Papers::default(),
        standing: Standing::Pending,
        version: 1,
        review_version: 1,
        proposed: None,
        waits_since: Some(Millis(NOW.0 + i64::from(n))),
        stats: AgencyStats::default(),
        registered_at: Millis(NOW.0 + i64::from(n)),
        reviews: Vec::new(),
    }
}

fn uscc(n: u8) -> Uscc {
    Uscc::complete(&format!("91230100MA1B2C{n:03}")).unwrap()
}

pub fn store(n: u8) -> Store {
    let name = format!("门店{n}");
    Store::proposed(
        StoreId::from_bytes(&[n; 8]),
        name,
        "中央大街".to_owned(),
        place(),
        NOW,
    )
}

/// With a secret of this hash.
pub fn credential(n: u8) -> Credential {
    Credential {
        id: CredentialId::from_bytes(&[n; 8]),
        member: None,
        name: "前台".to_owned(),
        secret_hash: Hash([n; 32]),
        body_hash: Hash([n; 32]),
        added_by: agency(n).to_string(),
        added_at: NOW,
        withdrawn_at: None,
    }
}

/// An agency with two stores, registered.
pub async fn registered(world: &World, n: u8) -> Agency {
    let agency = candidate(n, &uscc(n));
    let stores = [store(1), store(2)];
    let registered = world
        .directory
        .register(&agency, &stores, &[n; 32], &credential(7))
        .await
        .unwrap();
    assert_eq!(registered, Registered::New);
    agency
}

fn review(decision: Decision) -> Review {
    review_of(1, decision)
}

/// Of somebody who has looked at this version.
fn review_of(version: u64, decision: Decision) -> Review {
    Review {
        decision,
        version: Some(version),
        papers: Papers::default(),
        reason: "查过了".to_owned(),
        by: "aut_harbin".parse().unwrap(),
        at: Millis(NOW.0 + 5),
    }
}

fn reviewer() -> MemberId {
    MemberId::from_bytes(&[8; 8])
}

async fn decide(world: &World, n: u8, decision: Decision) -> AgencyDecided {
    world
        .directory
        .decide_agency(&agency(n), &review(decision), &reviewer())
        .await
        .unwrap()
}

fn to(location: Wgs84) -> StoreChange {
    StoreChange {
        location: Some(location),
        ..StoreChange::default()
    }
}

fn elsewhere() -> Wgs84 {
    Wgs84::from_degrees(45.75, 126.65).unwrap()
}

#[tokio::test]
async fn an_agency_registers_once_however_often_it_is_sent() {
    let world = World::new().await;
    let agency = registered(&world, 1).await;
    let directory = &world.directory;
    let repeat = directory
        .register(&agency, &[store(1)], &[1; 32], &credential(7))
        .await
        .unwrap();
    assert_eq!(repeat, Registered::Repeat(Box::new(agency.clone())));
    let reused = directory
        .register(&agency, &[], &[2; 32], &credential(7))
        .await
        .unwrap();
    assert_eq!(reused, Registered::KeyReused);

    assert_eq!(
        directory.agency(&agency.id).await.unwrap(),
        Some(agency.clone())
    );
    let (team, key) = (TeamId::Agency(agency.id.clone()), credential(7).id);
    let hash = async || {
        let team = directory.team(&team).await.unwrap();
        team.opened_by(&key).map(|(found, _)| found.secret_hash.0)
    };
    assert_eq!(hash().await, Some([7; 32]));
    let (by, deed) = (&team, Deed::new(NOW, &reviewer(), "x", "y"));
    let withdrawn = directory.change_team(&team, by, &deed, |team| {
        team.without_credential(&key, true, NOW)
    });
    assert_eq!(withdrawn.await.unwrap().unwrap().version, 2);
    assert_eq!(hash().await, None);
    let same = credential(7);
    let repeat = directory.register(&agency, &[], &[1; 32], &same);
    assert!(matches!(repeat.await.unwrap(), Registered::Repeat(_)));
    assert_eq!(hash().await, None, "a repeat brings nothing back");
    let (found, stores) = directory
        .agency_with_stores(&agency.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found, stores), (agency, vec![store(1), store(2)]));
    assert_eq!(
        directory.agency(&crate::world::agency(9)).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn approval_approves_the_stores_that_wait_with_the_agency() {
    let world = World::new().await;
    registered(&world, 1).await;
    let AgencyDecided::Done(after, stores) = decide(&world, 1, Decision::Approve).await else {
        panic!("it can be approved");
    };
    assert_eq!((after.standing, after.version), (Standing::Approved, 2));
    assert_eq!(after.reviews, [review(Decision::Approve)]);
    assert!(
        stores
            .iter()
            .all(|store| store.counts_at() == Some(place()))
    );
    let read = world
        .directory
        .agency_with_stores(&agency(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read, (*after.clone(), stores.clone()));

    // Again, and what cannot be decided from here.
    assert_eq!(
        decide(&world, 1, Decision::Approve).await,
        AgencyDecided::Done(after, stores)
    );
    assert!(matches!(
        decide(&world, 1, Decision::Reject).await,
        AgencyDecided::NotDecided(_)
    ));
    assert_eq!(
        decide(&world, 9, Decision::Approve).await,
        AgencyDecided::NotFound
    );

    for (decision, standing, version) in [
        (Decision::Suspend, Standing::Suspended, 3),
        (Decision::Reinstate, Standing::Approved, 4),
    ] {
        decide(&world, 1, decision).await;
        let agency = world.directory.agency(&agency(1)).await.unwrap().unwrap();
        assert_eq!((agency.standing, agency.version), (standing, version));
    }
}

#[tokio::test]
async fn a_credit_code_is_one_approved_agencys() {
    let world = World::new().await;
    let same = uscc(1);
    for n in [1, 2] {
        let agency = candidate(n, &same);
        world
            .directory
            .register(&agency, &[store(n)], &[n; 32], &credential(7))
            .await
            .unwrap();
    }
    assert!(matches!(
        decide(&world, 2, Decision::Approve).await,
        AgencyDecided::Done(..)
    ));
    assert_eq!(
        decide(&world, 1, Decision::Approve).await,
        AgencyDecided::UsccTaken
    );
    let (first, stores) = world
        .directory
        .agency_with_stores(&agency(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.standing, first.version), (Standing::Pending, 1));
    assert_eq!(
        stores,
        [store(1)],
        "nothing of the refused approval was written"
    );
}

#[tokio::test]
async fn of_two_decisions_at_once_both_count_in_turn() {
    let world = World::new().await;
    registered(&world, 1).await;
    decide(&world, 1, Decision::Approve).await;
    let directory = &world.directory;
    let (agency_id, by) = (agency(1), owner(1));
    let moves: Vec<_> = (0..6)
        .map(|n| Wgs84::from_degrees(45.7 + f64::from(n) / 100.0, 126.6).unwrap())
        .collect();
    let store_id = store(1).id;
    let moves: Vec<_> = moves.into_iter().map(to).collect();
    let changes = moves
        .iter()
        .map(|to| directory.change_store(&by, &store_id, NOW, to, None));
    for changed in futures::future::join_all(changes).await {
        assert!(matches!(changed.unwrap(), StoreDecided::Done(_)));
    }
    assert_eq!(
        directory.agency(&agency_id).await.unwrap().unwrap().version,
        8
    );
}

#[tokio::test]
async fn a_moved_store_counts_where_it_was_until_approved() {
    let world = World::new().await;
    registered(&world, 1).await;
    decide(&world, 1, Decision::Approve).await;
    let directory = &world.directory;
    let (agency, id) = (agency(1), store(1).id);
    let move_it = async || {
        let (by, to) = (owner(1), to(elsewhere()));
        let moved = directory.change_store(&by, &id, NOW, &to, None);
        match moved.await.unwrap() {
            StoreDecided::Done(store) => *store,
            other => panic!("{other:?}"),
        }
    };
    let moved = move_it().await;
    assert_eq!(
        (moved.status, moved.counts_at()),
        (Standing::Pending, Some(place()))
    );
    let waiting = directory.waiting(Waiting::Store, 10, None).await.unwrap();
    assert_eq!(waiting.items.len(), 1);
    assert_eq!(waiting.items[0].store, Some(id.clone()));

    let version = directory.agency(&agency).await.unwrap().unwrap().version;
    assert_eq!(move_it().await, moved);
    assert_eq!(
        directory.agency(&agency).await.unwrap().unwrap().version,
        version
    );

    let approved = directory
        .decide_store(&agency, &id, &review_of(2, Decision::Approve), &reviewer())
        .await
        .unwrap();
    assert!(
        matches!(&approved, StoreDecided::Done(store) if store.counts_at() == Some(elsewhere()))
    );
    assert_eq!(
        directory.agency(&agency).await.unwrap().unwrap().version,
        version + 1
    );
    assert_eq!(
        directory
            .waiting(Waiting::Store, 10, None)
            .await
            .unwrap()
            .items,
        []
    );
    let missing = directory
        .decide_store(
            &agency,
            &store(9).id,
            &review(Decision::Approve),
            &reviewer(),
        )
        .await;
    assert_eq!(missing.unwrap(), StoreDecided::NotFound);
    assert_eq!(
        directory
            .change_store(&owner(1), &store(9).id, NOW, &to(elsewhere()), None)
            .await
            .unwrap(),
        StoreDecided::NotFound
    );
}

#[tokio::test]
async fn a_store_is_added_once_however_often_it_is_sent() {
    let world = World::new().await;
    registered(&world, 1).await;
    let directory = &world.directory;
    let new = store(5);
    let (first, other) = (owner(1), owner(2));
    assert_eq!(
        directory.add_store(&first, &new, &[1; 32]).await.unwrap(),
        StoreAdded::New
    );
    let repeat = directory.add_store(&first, &new, &[1; 32]).await.unwrap();
    assert_eq!(repeat, StoreAdded::Repeat(Box::new(new.clone())));
    let reused = directory.add_store(&first, &new, &[2; 32]).await.unwrap();
    assert_eq!(reused, StoreAdded::KeyReused);
    assert_eq!(
        directory.add_store(&other, &new, &[1; 32]).await.unwrap(),
        StoreAdded::NotFound
    );
    let (agency, stores) = directory
        .agency_with_stores(&first.team)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((agency.version, stores.len()), (2, 3));
}

#[tokio::test]
async fn a_closed_store_waits_for_nothing_and_counts_among_all_of_them_alone() {
    let world = World::new().await;
    registered(&world, 1).await;
    decide(&world, 1, Decision::Approve).await;
    let (directory, by) = (&world.directory, owner(1));
    let new = |n: u16| Store {
        id: StoreId::from_bytes(&(u64::from(n) + 9).to_be_bytes()),
        ..store(5)
    };
    let add = async |n: u16| {
        let store = new(n);
        let added = directory.add_store(&by, &store, &[1; 32]);
        added.await.unwrap()
    };
    let close = async |n: u16| {
        let id = new(n).id;
        let closed = directory.close_store(&by, &id, Millis(NOW.0 + 9));
        closed.await.unwrap()
    };
    let waiting = async || {
        let page = directory.waiting(Waiting::Store, 100, None);
        page.await.unwrap().items.len()
    };
    for n in 0..50 {
        assert_eq!(add(n).await, StoreAdded::New);
    }
    assert_eq!(add(50).await, StoreAdded::TooMany);
    let StoreDecided::Done(closed) = close(7).await else {
        panic!("it can be closed");
    };
    assert_eq!(waiting().await, 49);
    let version = directory.agency(&by.team).await.unwrap().unwrap().version;
    assert_eq!(close(7).await, StoreDecided::Done(closed.clone()));
    let after = directory.agency(&by.team).await.unwrap().unwrap().version;
    assert_eq!(after, version, "a repeat writes nothing");
    let refused = StoreDecided::NotDecided(NotDecided::StoreClosed);
    let elsewhere = to(elsewhere());
    let changed = directory.change_store(&by, &closed.id, NOW, &elsewhere, None);
    assert_eq!(changed.await.unwrap(), refused);
    let seen = review_of(closed.review_version, Decision::Approve);
    let reviewer = reviewer();
    let decided = directory.decide_store(&by.team, &closed.id, &seen, &reviewer);
    assert_eq!(decided.await.unwrap(), refused);
    let read = directory.stores(&[(&by.team, &closed.id)]).await.unwrap();
    assert_eq!(read, [(by.team.clone(), *closed)]);

    // Added and closed without end: two came with the registration.
    for n in 50..198 {
        assert_eq!(add(n).await, StoreAdded::New);
        close(n).await;
    }
    assert_eq!(add(198).await, StoreAdded::Full);
    assert!(matches!(add(7).await, StoreAdded::Repeat(_)));
}

#[tokio::test]
async fn what_waits_for_review_comes_oldest_first() {
    let world = World::new().await;
    for n in [3, 1, 2] {
        registered(&world, n).await;
    }
    let directory = &world.directory;
    let page = directory.waiting(Waiting::Agency, 2, None).await.unwrap();
    let mut agencies: Vec<_> = page.items.into_iter().map(|waiter| waiter.agency).collect();
    let cursor = page.next.unwrap();
    let page = directory
        .waiting(Waiting::Agency, 2, Some(&cursor))
        .await
        .unwrap();
    agencies.extend(page.items.into_iter().map(|waiter| waiter.agency));
    assert_eq!(agencies, [agency(1), agency(2), agency(3)]);
    assert_eq!(page.next, None);
    for bad in [&cursor[1..], "", "e30"] {
        let refused = directory.waiting(Waiting::Agency, 2, Some(bad)).await;
        assert!(matches!(refused, Err(Error::BadCursor)));
    }
    let other_list = directory.waiting(Waiting::Store, 2, Some(&cursor)).await;
    assert!(matches!(other_list, Err(Error::BadCursor)));

    decide(&world, 2, Decision::Reject).await;
    let page = directory.waiting(Waiting::Agency, 10, None).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let stores = directory.waiting(Waiting::Store, 10, None).await.unwrap();
    assert_eq!(
        stores.items,
        [],
        "stores of a registration wait with their agency"
    );
}

#[tokio::test]
async fn an_authority_is_found_by_its_access_key() {
    let world = World::new().await;
    let authority = Authority {
        id: "aut_harbin".parse().unwrap(),
        name: "哈尔滨市商务局".to_owned(),
        secret_hash: [3; 32],
    };
    world
        .directory
        .put_authority("key", &authority)
        .await
        .unwrap();
    assert_eq!(
        world.directory.authority("key").await.unwrap(),
        Some(authority)
    );
    for unknown in ["", "other", &"x".repeat(5000)] {
        assert_eq!(world.directory.authority(unknown).await.unwrap(), None);
    }
}

#[tokio::test]
async fn images_in_the_stream_are_told_apart() {
    let world = World::new().await;
    let registered = registered(&world, 1).await;
    decide(&world, 1, Decision::Approve).await;
    let all = world.client.query().table_name(DIRECTORY);
    let all = all
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(
            ":pk",
            aws_sdk_dynamodb::types::AttributeValue::S(format!("A#{}", registered.id.bare())),
        )
        .send()
        .await
        .unwrap();
    let mut kinds = Vec::new();
    for item in all.items() {
        kinds.push(match directory_image(item.clone()).unwrap() {
            DirectoryImage::Agency(agency) => format!("agency {}", agency.standing.as_str()),
            DirectoryImage::Store(of, store) => {
                assert_eq!(of, registered.id);
                format!("store {}", store.name)
            }
            DirectoryImage::Other => "other".to_owned(),
        });
    }
    assert_eq!(kinds, ["agency approved", "store 门店1", "store 门店2"]);
    assert_eq!(
        directory_image(serde_dynamo::Item::default()).unwrap(),
        DirectoryImage::Other
    );
}

#[tokio::test]
async fn credentials_that_change_at_once_all_change() {
    let world = World::new().await;
    let team = TeamId::Agency(registered(&world, 1).await.id);
    let add = |n| {
        let (directory, new) = (&world.directory, credential(n));
        let (team, deed) = (&team, Deed::new(NOW, &reviewer(), "added", new.id.as_str()));
        async move {
            let add = |team: &Team| team.with_credential(&new);
            directory.change_team(team, team, &deed, add).await
        }
    };
    for added in join_all((1..=5).map(add)).await {
        added.unwrap().unwrap();
    }
    let all = world.directory.team(&team).await.unwrap();
    assert_eq!((all.version, all.live().count()), (6, 6));
    let again = add(3).await.unwrap().unwrap();
    assert_eq!(again, all, "a repeat adds nothing");
    let deeds = async |member: u8, limit| {
        let member = MemberId::from_bytes(&[member; 8]);
        let deeds = world.directory.deeds(&team, Some(&member), limit, None);
        deeds.await.unwrap()
    };
    assert_eq!(deeds(8, 10).await.items.len(), 5, "a line each");
    assert_eq!(deeds(8, 2).await.items.len(), 2);
    assert!(deeds(9, 10).await.items.is_empty());
}

#[tokio::test]
async fn wrong_secrets_are_counted_from_the_first_one_on_for_a_while() {
    let world = World::new().await;
    let count = async |hash, now: i64| {
        let (now, until) = (Millis(now), Millis(now + 900));
        let counted = world.directory.count_wrong_secret(hash, until, now).await;
        let (n, until) = counted.unwrap();
        (n, until.0)
    };
    assert_eq!(count(1, 1_000).await, (1, 1_900));
    assert_eq!(count(1, 1_899).await, (2, 1_900));
    assert_eq!(count(2, 1_899).await, (1, 2_799));
    assert_eq!(count(0x10_0001, 1_899).await, (3, 1_900), "20 bits of it");
    assert_eq!(count(1, 1_900).await, (1, 2_800));
    let at_once = join_all((0..9).map(|_| count(3, 5_000))).await;
    let mut counts: Vec<u32> = at_once.into_iter().map(|(n, _)| n).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}
