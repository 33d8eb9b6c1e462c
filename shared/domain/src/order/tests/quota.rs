//! How many orders a customer may place.

use super::*;

const DAY_MS: i64 = 86_400_000;

fn placed_at(n: u8, at: Millis) -> Order {
    let id = OrderId::from_bytes(&[n; 16]);
    let order = order();
    Order {
        id,
        placed_at: at,
        ..order
    }
}

#[test]
fn a_sixth_open_order_waits_until_one_is_open_no_longer() {
    let market = Market::default();
    let mut quota = Quota::default();
    for n in 1..=5 {
        quota = quota.with(&placed_at(n, PLACED), &market).unwrap();
    }
    assert_eq!((quota.version, quota.placed, quota.open.len()), (5, 5, 5));
    let sixth = placed_at(6, PLACED);
    let refused = quota.with(&sixth, &market).unwrap_err();
    assert_eq!(refused, OverQuota::Open(5));
    assert_eq!(refused.to_string(), "A customer has at most 5 open orders.");
    quota.open.remove(2);
    let after = quota.with(&sixth, &market).unwrap();
    assert_eq!((after.open.len(), after.open.last()), (5, Some(&sixth.id)));
}

#[test]
fn a_day_has_twenty_orders_and_begins_at_midnight_in_china() {
    let market = Market::default();
    let midnight = Millis::day_begins(PLACED.day() + 1);
    let last = Millis(midnight.0 - 1);
    let mut quota = Quota::default();
    for n in 1..=20 {
        quota.open.clear();
        quota = quota.with(&placed_at(n, last), &market).unwrap();
    }
    quota.open.clear();
    let refused = quota.with(&placed_at(21, last), &market).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "A customer places at most 20 orders a day."
    );
    for later in [midnight, Millis(midnight.0 + 9 * DAY_MS)] {
        let quota = quota.with(&placed_at(21, later), &market).unwrap();
        assert_eq!((quota.day, quota.placed), (later.day(), 1));
    }
}

#[test]
fn without_caps_only_the_last_ones_are_remembered() {
    let market = Market {
        open_orders_cap: u32::MAX,
        daily_orders_cap: u32::MAX,
        ..Market::default()
    };
    let mut quota = Quota::default();
    for n in 1..=200 {
        quota = quota.with(&placed_at(n, PLACED), &market).unwrap();
    }
    assert_eq!((quota.placed, quota.open.len()), (200, 50));
    assert_eq!(quota.open.last(), Some(&placed_at(200, PLACED).id));
}
