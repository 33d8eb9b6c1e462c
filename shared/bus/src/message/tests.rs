//! Bodies as they are written, letter by letter: what an earlier program sent must still be read.

use domain::erasure::Erasure;
use domain::geo::{Area, RoughPlace};
use domain::id::{AgencyId, BadgeId, CustomerId, OrderId, StoreId, WorkerId};
use domain::order::{Preferred, SealedPlace};
use domain::scan::{Scan, ScanResult, ScannedBy};
use domain::service::Service;
use domain::time::Millis;

use super::*;

fn area() -> Area {
    Area::try_from("yb4h3r".to_owned()).unwrap()
}

fn fan_out() -> FanOut {
    FanOut {
        order_id: OrderId::from_bytes(&[0; 16]),
        epoch: 1,
        deadline: Millis(1_800_000_180_000),
        service: Service::DeepCleaning,
        start_at: Millis(1_800_086_400_000),
        duration_min: 120,
        area: area(),
        place: None,
        budget_fen: None,
        wishes: ["pets".parse().unwrap()].into(),
        preferred: Some(Preferred {
            worker: WorkerId::from_bytes(&[0; 16]),
            agency: AgencyId::from_bytes(&[0; 16]),
        }),
        radius_m: 5000,
        redrives: 0,
    }
}

const FAN_OUT: &str = r#"{"kind":"fan_out","v":1,"order_id":"ord_00000000000000000000000000","epoch":1,"deadline":1800000180000,"service":"deep_cleaning","start_at":1800086400000,"duration_min":120,"area":"yb4h3r","place":null,"budget_fen":null,"wishes":["pets"],"preferred":{"worker":"wkr_00000000000000000000000000","agency":"agy_00000000000000000000000000"},"radius_m":5000,"redrives":0}"#;

const OFFERS: &str = r#"{"kind":"offers","v":1,"order_id":"ord_00000000000000000000000000","epoch":1,"deadline":1800000180000,"service":"deep_cleaning","start_at":1800086400000,"duration_min":120,"area":"yb4h3r","place":null,"budget_fen":null,"wishes":["pets"],"preferred":{"worker":"wkr_00000000000000000000000000","agency":"agy_00000000000000000000000000"},"radius_m":5000,"redrives":0,"offers":[{"agency_id":"agy_00000000000000000000000000","store_id":"sto_0000000000000","distance_m":700}]}"#;

const TIMER: &str = r#"{"kind":"timer","v":1,"order_id":"ord_00000000000000000000000000","epoch":2,"stage":"staffing","due":1800000180000,"until":1800086400000,"looks":3,"redrives":1}"#;

const OFFER: &str = r#"{"order_id":"ord_00000000000000000000000000","epoch":1,"kind":"open","service":"deep_cleaning","start_at":"2027-01-16T08:00:00.000Z","duration_min":120,"area":"yb4h2t","distance_m":700,"store_id":"sto_0000000000000","budget_fen":29900,"grab_deadline":"2027-01-15T08:03:00.000Z","claim_token":"t"}"#;

#[test]
fn fan_outs_are_written_and_read() {
    let message = FanOutMessage::from(fan_out());
    assert_eq!(message.body().unwrap(), FAN_OUT);
    assert_eq!(FanOutMessage::parse(FAN_OUT).unwrap(), message);
    assert_eq!(message.group(), "yb4h3");
    // Before there were wishes.
    let (begins, ends) = FAN_OUT.split_once(r#""wishes""#).unwrap();
    let earlier = format!("{begins}{}", &ends[ends.find(r#""radius_m""#).unwrap()..]);
    let FanOutMessage::FanOut(earlier) = FanOutMessage::parse(&earlier).unwrap() else {
        panic!("a fan-out");
    };
    assert!(earlier.wishes.is_empty() && earlier.preferred.is_none());
    // A place is sealed, and comes with the first message alone.
    let sealed = FAN_OUT.replace("\"place\":null", "\"place\":\"c2VhbGVk\"");
    let first = FanOut {
        place: Some(SealedPlace("c2VhbGVk".to_owned())),
        ..fan_out()
    };
    assert_eq!(FanOutMessage::from(first.clone()).body().unwrap(), sealed);
    assert_eq!(FanOutMessage::parse(&sealed).unwrap(), first.into());

    let message = FanOutMessage::from(Offers {
        fan_out: fan_out(),
        offers: vec![OfferTo {
            agency_id: AgencyId::from_bytes(&[0; 16]),
            store_id: StoreId::from_bytes(&[0; 8]),
            distance_m: 700,
        }],
    });
    assert_eq!(message.body().unwrap(), OFFERS);
    assert_eq!(FanOutMessage::parse(OFFERS).unwrap(), message);
}

#[test]
fn timers_are_written_and_read() {
    let timer = Timer {
        order_id: OrderId::from_bytes(&[0; 16]),
        epoch: 2,
        stage: Stage::Staffing,
        due: Millis(1_800_000_180_000),
        until: Millis(1_800_086_400_000),
        looks: 3,
        redrives: 1,
    };
    assert_eq!(timer.body().unwrap(), TIMER);
    assert_eq!(Timer::parse(TIMER).unwrap(), timer);
}

const SWEEP: &str = r#"{"kind":"sweep","v":1,"worker_id":"wkr_00000000000000000000000000","at":1800000000000,"redrives":0}"#;

#[test]
fn sweeps_are_written_and_read() {
    let mut sweep = Sweep {
        whose: Whose::WorkerId(WorkerId::from_bytes(&[0; 16])),
        at: Millis(1_800_000_000_000),
        redrives: 0,
    };
    assert_eq!(sweep.body().unwrap(), SWEEP);
    assert_eq!(Sweep::parse(SWEEP).unwrap(), sweep);
    sweep.whose = Whose::AgencyId(AgencyId::from_bytes(&[0; 16]));
    let of_agency = SWEEP
        .replace("worker_id", "agency_id")
        .replace("wkr", "agy");
    assert_eq!(sweep.body().unwrap(), of_agency);
    assert_eq!(Sweep::parse(&of_agency).unwrap(), sweep);
    assert!(matches!(Sweep::parse(TIMER), Err(Unreadable::Kind(kind)) if kind == "timer"));
    assert!(!sweep.is_last(Millis(1_800_000_059_999)));
    assert!(sweep.is_last(Millis(1_800_000_060_000)));
}

const SCAN: &str = r#"{"kind":"scan","v":1,"badge_id":"bdg_0000000000000","worker_id":"wkr_00000000000000000000000000","at":1800000000000,"by":"customer","who":"0123","result":"match","order_id":"ord_00000000000000000000000000","place":"yb4h3"}"#;

#[test]
fn scans_are_written_and_read() {
    let message = ScanMessage(Scan {
        badge_id: BadgeId::from_bytes(&[0; 8]),
        worker_id: Some(WorkerId::from_bytes(&[0; 16])),
        at: Millis(1_800_000_000_000),
        by: ScannedBy::Customer,
        who: "0123".to_owned(),
        result: ScanResult::Match,
        order_id: Some(OrderId::from_bytes(&[0; 16])),
        place: RoughPlace::of_order(&area()),
    });
    assert_eq!(message.body().unwrap(), SCAN);
    assert_eq!(ScanMessage::parse(SCAN).unwrap(), message);
    assert!(matches!(ScanMessage::parse(TIMER), Err(Unreadable::Kind(kind)) if kind == "timer"));
}

#[test]
fn erasures_are_written_and_read() {
    let erasure = Erasure {
        requested_at: Millis(1_800_000_000_000),
        due_at: Millis(1_800_259_200_000),
    };
    let worker = Subject::Worker(WorkerId::from_bytes(&[0; 16]));
    let customer = Subject::Customer(CustomerId::from_bytes(&[0; 16]));
    for (subject, prefix) in [(worker, "wkr"), (customer, "cus")] {
        let message = ErasureMessage { subject, erasure };
        let body = format!(
            r#"{{"kind":"erasure","v":1,"subject":"{prefix}_00000000000000000000000000","requested_at":1800000000000,"due_at":1800259200000}}"#
        );
        assert_eq!(message.body().unwrap(), body);
        assert_eq!(ErasureMessage::parse(&body).unwrap(), message);
    }
}

#[test]
fn the_end_of_a_visit_is_worth_repeating_for_a_day() {
    let order = OrderId::from_bytes(&[0; 16]);
    let timer = Timer::of_visit(&order, 2, Millis(1_800_000_180_000));
    let body = r#"{"kind":"timer","v":1,"order_id":"ord_00000000000000000000000000","epoch":2,"stage":"visit","due":1800000180000,"until":1800086580000,"looks":0,"redrives":0}"#;
    assert_eq!(timer.body().unwrap(), body);
    assert_eq!(Timer::parse(body).unwrap(), timer);
}

#[test]
fn an_offer_is_the_http_contracts_json() {
    let offer = Offer {
        order_id: OrderId::from_bytes(&[0; 16]),
        epoch: 1,
        kind: OfferKind::Open,
        service: Service::DeepCleaning,
        start_at: Millis(1_800_086_400_000),
        duration_min: 120,
        area: Area::try_from("yb4h2t".to_owned()).unwrap(),
        distance_m: Some(700),
        store_id: Some(StoreId::from_bytes(&[0; 8])),
        budget_fen: Some(29_900),
        wishes: Default::default(),
        preferred_worker_id: None,
        grab_deadline: Millis(1_800_000_180_000),
        claim_token: Some("t".to_owned()),
        reason: None,
    };
    // What came later, an offer from before does not have.
    let body = offer.body().unwrap();
    let wishes = r#","wishes":[],"preferred_worker_id":null"#;
    assert_eq!(
        body.replace(r#","reason":null"#, "").replace(wishes, ""),
        OFFER
    );
    assert_eq!(Offer::parse(OFFER).unwrap(), offer);
    let assigned = Offer {
        kind: OfferKind::Assigned,
        claim_token: None,
        ..offer
    };
    let body = assigned.body().unwrap();
    assert!(body.ends_with(r#""claim_token":null,"reason":null}"#));
    assert_eq!(Offer::parse(&assigned.body().unwrap()).unwrap(), assigned);
}

#[test]
fn a_reader_ignores_fields_and_refuses_kinds_and_versions_it_does_not_know() {
    let later = TIMER.replace(r#""looks""#, r#""colour":"red","looks""#);
    assert!(Timer::parse(&later).is_ok());
    // Counters came with time: without them it is the first trip.
    let earlier = TIMER.replace(r#","looks":3,"redrives":1"#, "");
    let timer = Timer::parse(&earlier).unwrap();
    assert_eq!((timer.looks, timer.redrives), (0, 0));

    let version = TIMER.replace(r#""v":1"#, r#""v":2"#);
    assert!(matches!(
        Timer::parse(&version),
        Err(Unreadable::Version(2))
    ));
    assert!(matches!(Timer::parse(FAN_OUT), Err(Unreadable::Kind(kind)) if kind == "fan_out"));
    assert!(matches!(FanOutMessage::parse(TIMER), Err(Unreadable::Kind(kind)) if kind == "timer"));
    for text in ["", "{}", "[]", &TIMER[1..], &TIMER.replace("ord_", "agy_")] {
        assert!(
            matches!(Timer::parse(text), Err(Unreadable::Json(_))),
            "{text}"
        );
    }
    let nowhere = FAN_OUT.replace("yb4h3r", "yb4h3a");
    assert!(matches!(
        FanOutMessage::parse(&nowhere),
        Err(Unreadable::Json(_))
    ));
}

#[test]
fn an_offer_is_as_the_contract_says_and_has_only_the_area() {
    let order = fan_out();
    let line = OfferTo {
        agency_id: AgencyId::from_bytes(&[1; 16]),
        store_id: StoreId::from_bytes(&[1; 8]),
        distance_m: 1_200,
    };
    let to_hers = OfferTo {
        agency_id: AgencyId::from_bytes(&[0; 16]),
        ..line.clone()
    };
    let hers = Offer::open(&order, &to_hers, "token".to_owned());
    let wanted = hers.preferred_worker_id.as_ref();
    assert_eq!(wanted, Some(&WorkerId::from_bytes(&[0; 16])));
    let offer = Offer::open(&order, &line, "token".to_owned());
    assert_eq!(
        serde_json::to_value(offer).unwrap(),
        serde_json::json!({
            "order_id": order.order_id,
            "epoch": 1,
            "kind": "open",
            "service": "deep_cleaning",
            "start_at": "2027-01-16T08:00:00.000Z",
            "duration_min": 120,
            "area": order.area.as_str(),
            "distance_m": 1200,
            "store_id": "sto_040g2081040g2",
            "budget_fen": null,
            "wishes": ["pets"],
            "preferred_worker_id": null,
            "grab_deadline": "2027-01-15T08:03:00.000Z",
            "claim_token": "token",
            "reason": null,
        })
    );
}
