//! Lists of orders, page by page.

use domain::id::OrderId;
use domain::order::{ClaimEnd, ListedClaim, Reopening, Status};
use domain::time::Millis;
use store::Error;

use crate::world::{NOW, World, agency, customer, order_of, owner, place_of, staff_by};

async fn placed(world: &World, count: u8, customer_n: u8) -> Vec<OrderId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let at = Millis(NOW.0 + i64::from(n));
        let order = order_of(customer_n * 50 + n, &customer(customer_n), at);
        assert!(place_of(&world.orders, &order).await);
        ids.push(order.id);
    }
    ids
}

#[tokio::test]
async fn a_customers_orders_come_newest_first_and_page_by_page() {
    let world = World::new().await;
    let mut ids = placed(&world, 7, 1).await;
    placed(&world, 3, 2).await;
    ids.reverse();
    let mut listed = Vec::new();
    let mut cursor = None;
    loop {
        let page = world
            .orders
            .by_customer(&customer(1), 3, cursor.as_deref())
            .await
            .unwrap();
        assert!(page.items.len() <= 3);
        listed.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    assert_eq!(
        world
            .orders
            .by_customer(&customer(9), 3, None)
            .await
            .unwrap()
            .items,
        []
    );
}

#[tokio::test]
async fn a_cursor_leads_through_its_own_list_only() {
    let world = World::new().await;
    placed(&world, 3, 1).await;
    let page = world
        .orders
        .by_customer(&customer(1), 1, None)
        .await
        .unwrap();
    let cursor = page.next.unwrap();
    let orders = &world.orders;
    let others = orders.by_customer(&customer(2), 1, Some(&cursor)).await;
    assert!(matches!(others, Err(Error::BadCursor)));
    let one = agency(1);
    let other_list = orders.by_agency(&one, None, 1, 1, Some(&cursor), |_| true);
    let other_list = other_list.await;
    assert!(matches!(other_list, Err(Error::BadCursor)));
    let edited = orders
        .by_customer(&customer(1), 1, Some(&cursor[1..]))
        .await;
    assert!(matches!(edited, Err(Error::BadCursor)));
}

#[tokio::test]
async fn an_agency_has_the_orders_it_has_claimed() {
    let world = World::new().await;
    let ids = placed(&world, 4, 1).await;
    let orders = &world.orders;
    for (n, id) in ids.iter().enumerate() {
        let at = Millis(NOW.0 + i64::try_from(n).unwrap());
        orders
            .grab(id, 1, &owner(1), "家政", || at, staff_by)
            .await
            .unwrap();
    }
    let unstaffed = async |by, since| {
        let by = agency(by);
        let claims = orders.claims(&by, Status::Claimed, since);
        claims.await.unwrap()
    };
    assert_eq!(unstaffed(1, NOW).await, ids);
    assert_eq!(unstaffed(1, Millis(NOW.0 + 2)).await, ids[2..]);
    assert_eq!(unstaffed(2, NOW).await, []);

    // A cancelled order stays in the list and is no load; a released one is gone from it.
    orders
        .cancel(&ids[1], &customer(1), "sorry", NOW)
        .await
        .unwrap();
    orders
        .release(&ids[2], 1, &owner(1), "ill", Reopening::Unfilled, NOW)
        .await
        .unwrap();
    assert_eq!(unstaffed(1, NOW).await, [ids[0].clone(), ids[3].clone()]);
    let one = agency(1);
    let list = async |limit, cursor: Option<&str>| {
        let mut seen = Vec::new();
        let is_first_three = |claim: &ListedClaim| {
            seen.push(claim.order.clone());
            claim.order != ids[0]
        };
        let page = orders.by_agency(&one, None, 10, limit, cursor, is_first_three);
        let (page, is_all) = page.await.unwrap();
        let items: Vec<_> = page.items.into_iter().map(|claim| claim.order).collect();
        (items, page.next, seen, is_all)
    };
    let all = vec![ids[3].clone(), ids[1].clone(), ids[0].clone()];
    let kept = || all[..2].to_vec();
    assert_eq!(list(10, None).await, (kept(), None, all.clone(), true));
    // A page that is full is cut where the next one begins; what is behind it has been told all the same.
    let (items, next, seen, is_all) = list(1, None).await;
    assert_eq!(
        (items, seen, is_all),
        (kept()[..1].to_vec(), all.clone(), true)
    );
    let rest = list(1, next.as_deref()).await;
    assert_eq!(
        (rest.0, rest.2, rest.3),
        (kept()[1..].to_vec(), all[1..].to_vec(), false)
    );
    let last = list(1, rest.1.as_deref()).await;
    assert_eq!((last.0, last.1), (vec![], None));

    // With a day, only claims that can be of it are read.
    let from = Millis(NOW.0 + 1);
    let within = Some((from, Millis(NOW.0 + 3)));
    let page = orders.by_agency(&one, within, 10, 10, None, |_| true);
    assert_eq!(page.await.unwrap().0.items.len(), 2);

    // A claim that was lost is in the list of who lost it, with why.
    let lost = ListedClaim {
        order: ids[2].clone(),
        at: Millis(NOW.0 + 9),
        status: None,
        start_at: Some(NOW),
        area: None,
        worker: None,
        end: Some(ClaimEnd::Released),
    };
    orders.keep_lost(&agency(1), &lost).await.unwrap();
    let page = orders.by_agency(&one, None, 1, 1, None, |_| true);
    assert_eq!(page.await.unwrap().0.items, vec![lost.clone()]);
    let found = orders.lost(&ids[2], &agency(1)).await.unwrap();
    assert_eq!(found, Some(lost));
}
