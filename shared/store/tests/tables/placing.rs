//! Placing and reading orders.

use domain::erasure::Erasure;
use domain::order::{DETAILS_KEPT, Quota};
use domain::time::Millis;
use futures::future::join_all;
use settings::Settings;
use store::Error;

use crate::world::{
    NOW, World, customer, details, home, market, order, place, place_of, places, seal,
};

#[tokio::test]
async fn an_order_is_placed_once_with_what_its_customer_has_placed() {
    let world = World::new().await;
    let (orders, order) = (&world.orders, order(1));
    let before = orders.before_placing(&order.id, &order.customer).await;
    let before = before.unwrap();
    assert_eq!((before.order, &before.quota), (None, &Quota::default()));
    let quota = before.quota.with(&order, &market()).unwrap();
    let place = async |order, quota| orders.place(order, &home(order), quota).await.unwrap();
    assert!(place(&order, &quota).await);
    assert!(!place(&order, &quota).await, "it is there");
    let next = quota.with(&order, &market()).unwrap();
    assert!(!place(&order, &next).await, "and is not counted again");

    let found = orders.before_placing(&order.id, &order.customer).await;
    let found = found.unwrap();
    assert_eq!((found.order, &found.quota), (Some(order.clone()), &quota));
    assert_eq!((quota.version, quota.placed), (1, 1));
    assert_eq!(quota.open, std::slice::from_ref(&order.id));

    // Another one of this customer, by what was read before the first.
    let second = crate::world::order(2);
    assert!(!place(&second, &quota).await);
    assert_eq!(orders.get(&second.id).await.unwrap(), None);
    let quota = quota.with(&second, &market()).unwrap();
    assert!(place(&second, &quota).await);
}

#[tokio::test]
async fn one_of_many_placements_at_once_stores_the_order() {
    let world = World::new().await;
    let order = order(1);
    let placed = join_all((0..20).map(|_| place_of(&world.orders, &order)));
    let placed = placed.await.into_iter().filter(|placed| *placed);
    assert_eq!(placed.count(), 1);
}

#[tokio::test]
async fn a_home_comes_back_only_with_its_keys_and_only_until_it_is_to_go() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let read = async |now| world.orders.get_with_home(&placed.id, now).await.unwrap();
    let (order, found) = read(NOW).await.unwrap();
    let found = found.unwrap();
    assert_eq!(order, placed);
    assert!(seal().open(&order.id, &found.details).unwrap() == details());
    assert_eq!(places().open(&order.id, &found.place).unwrap(), place());
    let other = store::SealKey::new(&Settings::from_variables([("DETAILS_KEY", "another")]));
    let refused = other.open(&order.id, &found.details);
    assert!(matches!(refused, Err(Error::Sealed)));
    assert_eq!(
        world.orders.home(&order.id, NOW).await.unwrap(),
        Some(found)
    );

    let goes = NOW + DETAILS_KEPT;
    for _ in 0..2 {
        world.orders.let_home_go(&order.id, goes).await.unwrap();
    }
    let before = Millis(goes.0 - 1_000);
    assert!(read(before).await.unwrap().1.is_some());
    assert_eq!(read(goes).await.unwrap(), (placed.clone(), None));
    assert_eq!(world.orders.home(&order.id, goes).await.unwrap(), None);

    let nobody = crate::world::order(2).id;
    world.orders.let_home_go(&nobody, goes).await.unwrap();
    assert_eq!(world.orders.home(&nobody, NOW).await.unwrap(), None);
    assert_eq!(
        world.orders.get_with_home(&nobody, NOW).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn nothing_that_is_stored_of_an_order_tells_its_place_or_whose_it_is() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let text = world.everything_of(&placed.id).await;
    for secret in [
        "45.7",
        "4577",
        "126.6",
        "12662",
        "中央大街",
        "王芳",
        "13800138000",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains(placed.area.as_str()), "{text}");
}

#[tokio::test]
async fn many_orders_are_read_in_the_order_asked_for() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..130 {
        ids.push(world.placed(n).await.id);
    }
    ids.reverse();
    let mut wanted = ids.clone();
    wanted.insert(3, order(200).id);
    wanted.push(ids[0].clone());
    let found = world.orders.get_many(&wanted).await.unwrap();
    assert_eq!(
        found.into_iter().map(|order| order.id).collect::<Vec<_>>(),
        ids
    );
    assert_eq!(world.orders.get_many(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn explanations_are_kept_by_name() {
    let world = World::new().await;
    let order = world.placed(1).await;
    let orders = &world.orders;
    let why = serde_json::json!({ "a": 1 });
    let sealed = places().seal_explanation(&order.id, &why).unwrap();
    let name = orders
        .put_explanation(&order.id, 1, order.placed_at, &sealed)
        .await
        .unwrap();
    assert_eq!(name, format!("explanation#1#{}", order.placed_at.0));
    let kept = orders.explanation(&order.id, &name).await.unwrap();
    let opened = places().open_explanation::<serde_json::Value>(&order.id, &kept.unwrap());
    assert_eq!(opened.unwrap(), why);
    assert_eq!(
        orders
            .explanation(&order.id, "explanation#9#9")
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn erasing_an_order_leaves_what_it_was_and_nothing_of_whose() {
    let world = World::new().await;
    let (orders, customer) = (&world.orders, customer(1));
    let placed = world.placed(1).await;
    let why = places().seal_explanation(&placed.id, &1).unwrap();
    orders
        .put_explanation(&placed.id, 1, NOW, &why)
        .await
        .unwrap();
    let cancelled = orders.cancel(&placed.id, &customer, "找老王", NOW).await;
    let cancelled = cancelled.unwrap().unwrap().order;
    assert!(world.everything_of(&placed.id).await.contains("找老王"));
    for _ in 0..2 {
        orders.erase(&cancelled).await.unwrap();
    }
    let (left, home) = orders
        .get_with_home(&placed.id, NOW)
        .await
        .unwrap()
        .unwrap();
    let mut expected = cancelled.clone();
    expected.timeline.last_mut().unwrap().why = None;
    (expected.wishes, expected.preferred) = Default::default();
    assert_eq!((left, home), (expected, None));
    let text = world.everything_of(&placed.id).await;
    for gone in ["sealed", "place S(", "找老王"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    // What the stream says later of its end makes nothing of it.
    orders.let_home_go(&placed.id, NOW).await.unwrap();
    assert_eq!(orders.home(&placed.id, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_customers_request_to_be_erased_stands_until_that_one_ends() {
    let world = World::new().await;
    let (orders, order) = (&world.orders, order(1));
    let theirs = &order.customer;
    let quota = Quota::default().with(&order, &market()).unwrap();
    assert!(orders.place(&order, &home(&order), &quota).await.unwrap());
    let counted = async || {
        let before = orders.before_placing(&order.id, theirs).await.unwrap();
        (before.quota, before.is_to_be_erased)
    };

    let first = Erasure::requested(NOW, &market());
    assert_eq!(first.due_at, Millis(NOW.0 + 72 * 3_600_000));
    let later = Erasure::requested(Millis(NOW.0 + 1), &market());
    for asked in [first, later] {
        let stands = orders.request_erasure(theirs, asked).await.unwrap();
        assert_eq!(stands, first);
    }
    let finish = async |asked: &Erasure| {
        let listed = world.workers.list_erased_customer(theirs, asked);
        orders.finish_erasure(theirs, asked, listed).await.unwrap();
    };
    orders.call_off_erasure(theirs, &later, NOW).await.unwrap();
    finish(&later).await;
    assert_eq!(orders.erasure(theirs).await.unwrap(), Some(first));
    assert_eq!(orders.erasure(&customer(2)).await.unwrap(), None);
    assert_eq!(counted().await, (quota.clone(), true));
    for _ in 0..2 {
        orders.call_off_erasure(theirs, &first, NOW).await.unwrap();
    }
    assert_eq!(orders.erasure(theirs).await.unwrap(), None);
    assert_eq!(counted().await, (quota, false), "nothing is forgotten");

    // An hour later it can be asked again.
    for (after_ms, stands) in [(3_599_999, None), (3_600_000, Some(3_600_000))] {
        let again = Erasure::requested(Millis(NOW.0 + after_ms), &market());
        orders.request_erasure(theirs, again).await.unwrap();
        let asked = orders.erasure(theirs).await.unwrap();
        let stands = stands.map(|ms| Millis(NOW.0 + ms));
        assert_eq!(asked.map(|asked| asked.requested_at), stands);
    }
    let again = orders.erasure(theirs).await.unwrap().unwrap();
    for _ in 0..2 {
        finish(&again).await;
    }
    assert_eq!(counted().await, (Quota::default(), false));
}
