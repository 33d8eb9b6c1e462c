//! Placing and reading orders.

use domain::order::Quota;
use futures::future::join_all;
use settings::Settings;
use store::Error;

use crate::world::{World, details, market, order, place_of, seal, sealed};

#[tokio::test]
async fn an_order_is_placed_once_with_what_its_customer_has_placed() {
    let world = World::new().await;
    let (orders, order) = (&world.orders, order(1));
    let before = orders.before_placing(&order.id, &order.customer).await;
    let before = before.unwrap();
    assert_eq!((before.order, &before.quota), (None, &Quota::default()));
    let quota = before.quota.with(&order, &market()).unwrap();
    let place = async |order, quota| orders.place(order, &sealed(order), quota).await.unwrap();
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
async fn details_come_back_only_with_their_key() {
    let world = World::new().await;
    let placed = world.placed(1).await;
    let (order, sealed) = world
        .orders
        .get_with_details(&placed.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(order, placed);
    assert!(seal().open(&order.id, &sealed).unwrap() == details());
    let other = store::SealKey::new(&Settings::from_variables([("DETAILS_KEY", "another")]));
    assert!(matches!(other.open(&order.id, &sealed), Err(Error::Sealed)));
    assert!(
        world
            .orders
            .get_with_details(&crate::world::order(2).id)
            .await
            .unwrap()
            .is_none()
    );
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
    let name = orders
        .put_explanation(&order.id, 1, order.placed_at, r#"{"a":1}"#)
        .await
        .unwrap();
    assert_eq!(name, format!("explanation#1#{}", order.placed_at.0));
    let body = orders.explanation(&order.id, &name).await.unwrap();
    assert_eq!(body.as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(
        orders
            .explanation(&order.id, "explanation#9#9")
            .await
            .unwrap(),
        None
    );
}
