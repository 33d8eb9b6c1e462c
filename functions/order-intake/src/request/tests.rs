use lambda_http::Body;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-11-23T02:00:00Z";

fn body(value: &Value) -> JsonBody {
    let request = lambda_http::http::Request::builder()
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .unwrap();
    JsonBody::from_request(&request).unwrap()
}

fn good() -> Value {
    json!({
        "service": "cleaning",
        "start_at": "2026-11-24T09:00:00+08:00",
        "duration_min": 120,
        "address": "道里区中央大街 100 号",
        "location": { "lat": 45.77, "lon": 126.65, "datum": "wgs84" },
        "contact": { "name": "王芳", "phone": "13912345678" },
    })
}

fn parse(value: &Value) -> Result<Placing, Vec<String>> {
    let now = Millis::parse_rfc3339(NOW).unwrap();
    Placing::parse_now(&body(value), &Market::default(), now).map_err(|problem| {
        let mut pointers: Vec<_> = problem.errors.into_iter().map(|e| e.pointer).collect();
        pointers.sort();
        pointers
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = good();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[field] = value;
    body
}

#[test]
fn optional_fields_may_be_missing_or_null() {
    let placing = parse(&good()).unwrap();
    assert_eq!(
        placing.visit.start_at.to_rfc3339(),
        "2026-11-24T01:00:00.000Z"
    );
    assert_eq!(
        (placing.visit.budget_fen, &placing.details.notes),
        (None, &None)
    );
    let mut null = good();
    null["notes"] = Value::Null;
    null["budget_fen"] = Value::Null;
    null["wishes"] = Value::Null;
    null["prefer"] = Value::Null;
    assert_eq!(parse(&null), Ok(placing));
    let full = parse(&with("/notes", json!("二楼，有猫"))).unwrap();
    assert_eq!(full.details.notes.as_deref(), Some("二楼，有猫"));
    assert!(parse(&with("/budget_fen", json!(0))).is_ok());
    assert!(parse(&with("/budget_fen", json!(10_000_000))).is_ok());
}

#[test]
fn each_fault_is_reported_with_its_pointer() {
    for (pointer, value) in [
        ("/service", json!("gardening")),
        ("/start_at", json!("2026-11-24T09:00:00")),
        ("/start_at", json!("2026-11-23T02:00:00Z")),
        ("/start_at", json!("2026-11-23T02:10:00Z")),
        ("/start_at", json!("2027-01-22T02:00:01Z")),
        ("/duration_min", json!(0)),
        ("/duration_min", json!(29)),
        ("/duration_min", json!(1500)),
        ("/duration_min", json!(60.5)),
        ("/address", json!("  ")),
        ("/address", json!("路".repeat(201))),
        ("/location/datum", Value::Null),
        ("/location/lat", json!("NaN")),
        ("/location/lat", json!(75.1)),
        ("/location/lon", json!(181)),
        ("/location/height", json!(1)),
        ("/contact/name", json!("")),
        ("/contact/name", json!("名".repeat(51))),
        ("/contact/phone", json!("12345678901")),
        ("/notes", json!("n".repeat(501))),
        ("/budget_fen", json!(-1)),
        ("/budget_fen", json!(10_000_001)),
        ("/colour", json!("green")),
    ] {
        let found = parse(&with(pointer, value.clone())).unwrap_err();
        assert_eq!(found, [pointer], "{value}");
    }
}

#[test]
fn each_fault_of_a_wish_is_named() {
    for (field, value, pointer) in [
        ("wishes", json!("pets"), "/wishes"),
        ("wishes", json!(["pets", "windows", "pets"]), "/wishes"),
        ("wishes", json!(vec!["pets"; 9]), "/wishes"),
        ("wishes", json!(["pets", "young"]), "/wishes/1"),
        ("wishes", json!(["halal"]), "/wishes/0"),
        ("wishes", json!(["female_worker"]), "/wishes/0"),
        ("wishes", json!(["Pets"]), "/wishes/0"),
        ("wishes", json!([1]), "/wishes/0"),
        ("prefer", json!("ord_00000000000000000000000000"), "/prefer"),
        ("prefer", json!({}), "/prefer/order_id"),
        ("prefer", json!({"order_id": "wkr_1"}), "/prefer/order_id"),
    ] {
        let mut order = good();
        order[field] = value.clone();
        assert_eq!(parse(&order).unwrap_err(), [pointer], "{value}");
    }
}

#[test]
fn one_sex_can_be_wished_for_where_somebody_is_cared_for() {
    let wishing = |wishes: &[&str]| {
        let mut order = with("/service", json!("elder_care"));
        order["wishes"] = json!(wishes);
        parse(&order).map(|placing| placing.visit.wishes.len())
    };
    assert_eq!(wishing(&["female_worker", "dementia_care"]), Ok(2));
    let both = ["female_worker", "male_worker"];
    assert_eq!(wishing(&both), Err(vec!["/wishes".to_owned()]));
}

#[test]
fn all_faults_are_reported_at_once() {
    let found = parse(&json!({ "location": { "lat": 80 }, "contact": {}, "colour": 1 }));
    let wanted = [
        "/address",
        "/colour",
        "/contact/name",
        "/contact/phone",
        "/duration_min",
        "/location/datum",
        "/location/lat",
        "/location/lon",
        "/service",
        "/start_at",
    ];
    assert_eq!(found.unwrap_err(), wanted);
}

#[test]
fn a_service_that_the_market_does_not_have_is_refused() {
    let market = Market {
        services: [Service::Cooking].into_iter().collect(),
        ..Market::default()
    };
    let problem = Placing::parse(&body(&good()), &market).unwrap_err();
    assert_eq!(problem.errors[0].pointer, "/service");
}

#[test]
fn a_repeat_can_be_read_after_its_start() {
    let late = with("/start_at", json!("2020-01-01T00:00:00Z"));
    assert!(parse(&late).is_err());
    assert!(Placing::parse(&body(&late), &Market::default()).is_ok());
}

#[test]
fn a_reason_has_1_to_200_characters() {
    assert_eq!(
        reason(&body(&json!({ "reason": " changed " }))).unwrap(),
        "changed"
    );
    for bad in [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": "r".repeat(201) }),
    ] {
        assert!(reason(&body(&bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_order_where_nobody_serves_is_refused_at_once() {
    let bounds = json!({
        "south_west": { "lat": 44.0, "lon": 125.7, "datum": "wgs84" },
        "north_east": { "lat": 46.7, "lon": 130.2, "datum": "wgs84" },
    });
    let market = Market::from_json(&json!({ "bounds": bounds }).to_string()).unwrap();
    let now = Millis::parse_rfc3339(NOW).unwrap();
    let parse = |value: &Value| Placing::parse_now(&body(value), &market, now);
    assert!(parse(&good()).is_ok());
    let elsewhere = json!({ "lat": 39.9, "lon": 116.4, "datum": "wgs84" });
    let refused = parse(&with("/location", elsewhere)).unwrap_err();
    assert_eq!(refused.errors[0].pointer, "/location");
}
