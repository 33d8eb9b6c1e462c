use domain::geo::{Area, Wgs84};
use domain::id::{CustomerId, StoreId};
use domain::market::Market;
use domain::order::{Change, Claim, How, Reopening, Visit};
use domain::service::Service;

use super::*;

const NOW: Millis = Millis(1_800_000_000_000);

fn agency(n: u8) -> AgencyId {
    AgencyId::from_bytes(&[n; 16])
}

fn order(n: u8) -> Order {
    let visit = Visit {
        service: Service::Cleaning,
        start_at: Millis(NOW.0 + 86_400_000),
        duration_min: 120,
        area: Area::containing(Wgs84::from_e7(457_700_000, 1_266_270_000).unwrap()),
        budget_fen: None,
        wishes: Default::default(),
        preferred: None,
    };
    let market = Market::from_json(r#"{"name":"harbin"}"#).unwrap();
    let id = OrderId::from_bytes(&[n; 16]);
    Order::placed(
        id,
        CustomerId::from_bytes(&[1; 16]),
        [0; 16],
        visit,
        &market,
        NOW,
    )
    .unwrap()
}

fn claimed(order: &Order, by: &AgencyId) -> Order {
    let claim = Claim {
        agency: by.clone(),
        agency_name: "家政".to_owned(),
        how: How::Grab,
        at: NOW,
        staff_by: Millis(NOW.0 + 1000),
    };
    order.changed(&Change::Claim(claim), 1, NOW).unwrap()
}

fn received(order: &Order, epoch: u32, kind: OfferKind, receipt: &str) -> Received {
    let offer = Offer {
        order_id: order.id.clone(),
        epoch,
        kind,
        service: order.service,
        start_at: order.start_at,
        duration_min: order.duration_min,
        area: order.area.clone(),
        distance_m: Some(700),
        store_id: Some(StoreId::from_bytes(&[3; 8])),
        budget_fen: order.budget_fen,
        wishes: order.wishes.clone(),
        preferred_worker_id: None,
        grab_deadline: order.grab_deadline,
        claim_token: None,
        reason: None,
    };
    Received {
        offer: Some(offer),
        receipt: receipt.to_owned(),
    }
}

/// Receipts of what is shown to agency 1, and of what is cleared away.
fn receipts(received: Vec<Received>, orders: &[Order], now: Millis) -> (Vec<String>, Vec<String>) {
    let sifted = sift(received, orders, &agency(1), now);
    (
        sifted
            .shown
            .into_iter()
            .filter_map(|shown| shown.receipt)
            .collect(),
        sifted.cleared,
    )
}

fn is_shown(order: &Order, epoch: u32, kind: OfferKind, now: Millis) -> bool {
    let (shown, cleared) = receipts(
        vec![received(order, epoch, kind, "r")],
        std::slice::from_ref(order),
        now,
    );
    assert_eq!(shown.len() + cleared.len(), 1);
    !shown.is_empty()
}

#[test]
fn an_open_offer_is_shown_until_its_deadline() {
    let order = order(1);
    let deadline = order.grab_deadline;
    assert!(is_shown(&order, 1, OfferKind::Open, Millis(deadline.0 - 1)));
    assert!(!is_shown(&order, 1, OfferKind::Open, deadline));
}

#[test]
fn an_offer_of_an_order_that_is_not_open_is_cleared_away() {
    let order = order(1);
    assert!(!is_shown(
        &claimed(&order, &agency(2)),
        1,
        OfferKind::Open,
        NOW
    ));
    let cancel = Change::Cancel {
        customer: order.customer.clone(),
        reason: String::new(),
    };
    assert!(!is_shown(
        &order.changed(&cancel, 1, NOW).unwrap(),
        1,
        OfferKind::Open,
        NOW
    ));
    let (shown, cleared) = receipts(vec![received(&order, 1, OfferKind::Open, "r")], &[], NOW);
    assert_eq!((shown.len(), cleared.len()), (0, 1));
}

#[test]
fn an_offer_of_an_earlier_epoch_or_to_an_excluded_agency_is_cleared_away() {
    let then = Reopening::Again {
        epoch: 2,
        deadline: Millis(NOW.0 + 5000),
    };
    let release = |by| Change::Release {
        agency: agency(by),
        reason: "ill".to_owned(),
        then,
    };
    let by_other = claimed(&order(1), &agency(2))
        .changed(&release(2), 1, NOW)
        .unwrap();
    assert!(!is_shown(&by_other, 1, OfferKind::Open, NOW));
    assert!(is_shown(&by_other, 2, OfferKind::Open, NOW));
    let by_this = claimed(&order(1), &agency(1))
        .changed(&release(1), 1, NOW)
        .unwrap();
    assert!(!is_shown(&by_this, 2, OfferKind::Open, NOW));
    assert!(!is_shown(&by_this, 1, OfferKind::Assigned, NOW));
}

#[test]
fn an_assigned_offer_is_shown_as_long_as_the_claim_is_the_agencys() {
    let order = order(1);
    let late = Millis(order.grab_deadline.0 + 1);
    assert!(is_shown(
        &claimed(&order, &agency(1)),
        1,
        OfferKind::Assigned,
        late
    ));
    assert!(!is_shown(
        &claimed(&order, &agency(2)),
        1,
        OfferKind::Assigned,
        late
    ));
    assert!(!is_shown(&order, 1, OfferKind::Assigned, late));
}

#[test]
fn the_same_offer_is_shown_once_and_strangers_messages_never() {
    let (first, second) = (order(1), order(2));
    let batch = vec![
        received(&first, 1, OfferKind::Open, "a"),
        received(&second, 1, OfferKind::Open, "b"),
        received(&first, 1, OfferKind::Open, "c"),
        Received {
            offer: None,
            receipt: "d".to_owned(),
        },
    ];
    let (shown, cleared) = receipts(batch, &[first, second], NOW);
    assert_eq!(
        (shown, cleared),
        (vec!["a".into(), "b".into()], vec!["c".into(), "d".into()])
    );
}
