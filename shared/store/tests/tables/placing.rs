//! Placing and reading orders.

use settings::Settings;
use store::{Error, Placed};

use crate::world::{World, details, order, seal, sealed};

#[tokio::test]
async fn an_order_is_placed_once_however_often_it_is_sent() {
    let world = World::new().await;
    let order = order(1);
    let sealed = sealed(&order);
    assert_eq!(
        world.orders.place(&order, &sealed).await.unwrap(),
        Placed::New
    );
    let repeat = world.orders.place(&order, &sealed).await.unwrap();
    assert_eq!(repeat, Placed::Repeat(Box::new(order.clone())));

    let mut other_body = order.clone();
    other_body.body_hash = [9; 16];
    assert_eq!(
        world.orders.place(&other_body, &sealed).await.unwrap(),
        Placed::KeyReused
    );
    assert_eq!(world.orders.get(&order.id).await.unwrap(), Some(order));
}

#[tokio::test]
async fn one_of_many_placements_at_once_stores_the_order() {
    let world = World::new().await;
    let order = order(1);
    let sealed = sealed(&order);
    let placed = futures::future::join_all((0..20).map(|_| world.orders.place(&order, &sealed)));
    let placed: Vec<Placed> = placed.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        placed
            .iter()
            .filter(|placed| **placed == Placed::New)
            .count(),
        1
    );
    assert!(placed.iter().all(|placed| *placed != Placed::KeyReused));
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
