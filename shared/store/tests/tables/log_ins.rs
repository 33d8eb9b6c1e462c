//! What people log in by: used up once, however many come at once.

use std::time::Duration;

use domain::id::CustomerId;
use domain::login_code::MOST_TRIES;
use domain::market::Market;
use futures::future::join_all;
use store::{FamilyId, Linked, LogIns, Opener};

use crate::world::{NOW, World, customer};

#[tokio::test]
async fn of_many_who_renew_a_family_at_once_one_does_and_none_after_its_end() {
    let world = World::new().await;
    let log_ins = LogIns::new(&world.settings);
    let (id, opener) = (FamilyId([1; 16]), Opener::Customer(customer(1)));
    let of = opener.subject();
    let mut family = log_ins.begin_family(&id, &opener, NOW).await.unwrap();
    for newest in 1..4 {
        let renewals = (0..10).map(|_| log_ins.renew_family(of, &id, &family, NOW));
        let renewed = join_all(renewals).await;
        let mut renewed = renewed.into_iter().filter_map(Result::unwrap);
        let next = renewed.next().unwrap();
        assert_eq!((next.newest, renewed.next()), (newest, None));
        family = next;
    }
    let found = log_ins.family(of, &id).await.unwrap().unwrap();
    assert_eq!((found.family, found.opened_at), (family, NOW));
    log_ins.end_family(of, &id).await.unwrap();
    let renewed = log_ins.renew_family(of, &id, &family, NOW).await.unwrap();
    assert_eq!(renewed, None);
    let found = log_ins.family(of, &id).await.unwrap().unwrap();
    assert!(found.family.is_ended);
    // One that was forgotten stays so.
    let none = FamilyId([2; 16]);
    log_ins.end_family(of, &none).await.unwrap();
    assert_eq!(log_ins.family(of, &none).await.unwrap(), None);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_tries_at_once_or_one_by_one() {
    let world = World::new().await;
    let log_ins = LogIns::new(&world.settings);
    let market = Market::default();
    let (right, wrong) = ([1; 32], [2; 32]);
    let minutes = |n: u64| NOW + Duration::from_secs(n * 60);
    let keep = async |n: u64| log_ins.keep_code("p", &right, &market, minutes(n)).await;
    let attempt = async |code: [u8; 32], now| log_ins.use_code("p", &code, now).await.unwrap();
    assert!(!attempt(right, NOW).await, "none was sent");

    assert_eq!(keep(0).await.unwrap(), Ok(()));
    assert_eq!(keep(0).await.unwrap(), Err(Duration::from_secs(60)));
    let tried = join_all((0..4).map(|_| attempt(right, NOW))).await;
    let count = tried.iter().filter(|is_right| **is_right).count();
    assert_eq!(count, 1, "{tried:?}");

    assert_eq!(keep(1).await.unwrap(), Ok(()));
    join_all((0..20).map(|_| attempt(wrong, minutes(1)))).await;
    assert!(!attempt(right, minutes(1)).await);

    assert_eq!(keep(2).await.unwrap(), Ok(()));
    for _ in 1..MOST_TRIES {
        assert!(!attempt(wrong, minutes(2)).await);
    }
    assert!(attempt(right, minutes(2)).await);

    assert_eq!(keep(3).await.unwrap(), Ok(()));
    assert!(!attempt(right, minutes(8)).await, "too late");
}

#[tokio::test]
async fn a_link_is_made_once_and_nothing_is_left_of_who_is_forgotten() {
    let world = World::new().await;
    let log_ins = LogIns::new(&world.settings);
    let known_by = |n: u8| CustomerId::from_bytes(&[100 + n; 16]);
    let (mini, official, union) = (known_by(1), known_by(2), known_by(3));
    let (one, two) = (customer(1), customer(2));
    assert!(log_ins.link(&one, &[&mini, &union]).await.unwrap());
    assert!(!log_ins.link(&two, &[&official, &union]).await.unwrap());
    let linked = log_ins.linked(&official, Some(&union)).await.unwrap();
    assert_eq!(
        (linked.by_open_id, linked.by_union_id),
        (None, Some(customer(1)))
    );
    let linked = log_ins.linked(&mini, None).await.unwrap();
    assert_eq!(
        (linked.by_open_id, linked.by_union_id),
        (Some(customer(1)), None)
    );

    for n in 0..60 {
        let (id, opener) = (FamilyId([n; 16]), Opener::Customer(customer(1)));
        log_ins.begin_family(&id, &opener, NOW).await.unwrap();
    }
    for _ in 0..2 {
        log_ins.forget(customer(1).as_str()).await.unwrap();
    }
    for n in 0..60 {
        let id = FamilyId([n; 16]);
        let found = log_ins.family(one.as_str(), &id).await.unwrap();
        assert_eq!(found, None);
    }
    let linked = log_ins.linked(&mini, Some(&union)).await.unwrap();
    assert_eq!(linked, Linked::default());
    assert!(log_ins.link(&two, &[&official, &union]).await.unwrap());
}
