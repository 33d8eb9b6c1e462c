use lambda_http::Body;
use lambda_http::http::Request;
use serde_json::{Value, json};

use super::*;

fn body(value: &Value) -> JsonBody {
    let request = Request::post("https://x/")
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .unwrap();
    JsonBody::from_request(&request).unwrap()
}

fn good() -> Value {
    json!({
        "name": "平安家政",
        "uscc": "91350100M000100Y43",
        "responsible_person": "张三",
        "phone": "13912345678",
        "services": ["cleaning", "live_in"],
        "stores": [{
            "name": "道里店",
            "address": "道里区中央大街 1 号",
            "location": {"lat": 45.77, "lon": 126.62, "datum": "wgs84"},
        }],
    })
}

fn pointers<T>(result: Result<T, Problem>) -> Vec<String> {
    let problem = result.err().unwrap();
    assert_eq!(problem.slug, "invalid");
    problem
        .errors
        .into_iter()
        .map(|fault| fault.pointer)
        .collect()
}

#[test]
fn a_registration_is_read() {
    let read = Registration::read(&body(&good())).unwrap();
    assert_eq!(read.services.len(), 2);
    assert_eq!(read.stores[0].location.lat(), 45.77);
}

#[test]
fn each_fault_of_a_registration_is_named() {
    let store = good()["stores"][0].clone();
    let cases = [
        ("/name", json!("")),
        ("/name", json!("名".repeat(61))),
        ("/uscc", json!("91310115MA1H8R7C6D")),
        ("/uscc", json!(null)),
        ("/responsible_person", json!(1)),
        ("/phone", json!("12345678901")),
        ("/services", json!([])),
        ("/services", json!(["cleaning", "cleaning"])),
        ("/services", json!("cleaning")),
        ("/services/1", json!(["cleaning", "gardening"])),
        ("/stores", json!([])),
        ("/stores", json!(vec![store; 51])),
        ("/website", json!("https://example.com")),
    ];
    for (pointer, value) in cases {
        let mut registration = good();
        registration[pointer.split('/').nth(1).unwrap()] = value.clone();
        assert_eq!(
            pointers(Registration::read(&body(&registration))),
            [pointer],
            "{value}"
        );
    }
}

#[test]
fn all_faults_of_a_registration_are_reported_at_once() {
    let mut registration = good();
    registration["phone"] = json!("1");
    registration["uscc"] = json!("1");
    registration["stores"][0]["location"]["datum"] = json!(null);
    registration["stores"][0]["area"] = json!(1);
    assert_eq!(
        pointers(Registration::read(&body(&registration))),
        [
            "/uscc",
            "/phone",
            "/stores/0/location/datum",
            "/stores/0/area"
        ]
    );
}

#[test]
fn a_change_of_a_store_names_at_least_one_field() {
    for empty in [json!({}), json!({"name": null})] {
        assert_eq!(pointers(store_change(empty)), [""]);
    }
    assert_eq!(
        pointers(store_change(json!({"name": "店".repeat(61)}))),
        ["/name"]
    );
    assert_eq!(pointers(store_change(json!({"location": {}}))).len(), 3);
    let (change, hours) = store_change(json!({"name": "新店"})).unwrap();
    assert_eq!(
        (change.name.as_deref(), change.address, change.location),
        (Some("新店"), None, None)
    );
    assert_eq!((change.services, hours), (None, None));
}

/// Of an agency that offers cleaning and cooking.
fn store_change(value: Value) -> Result<(StoreChange, Option<Vec<Span>>), Problem> {
    use domain::service::Service::{Cleaning, Cooking};
    read_store_change(&body(&value), [Cleaning, Cooking].into_iter().collect())
}

#[test]
fn services_and_hours_of_a_store_are_read_with_all_their_faults() {
    let hours = json!([{"day": "sunday", "from": "22:00", "until": "06:00"}]);
    let given = json!({"services": ["cooking"], "opening_hours": hours});
    let (change, hours) = store_change(given).unwrap();
    assert_eq!(change.services.map(|services| services.len()), Some(1));
    assert_eq!(hours.map(|hours| hours.len()), Some(1));
    let none = json!({"services": [], "opening_hours": []});
    let (change, hours) = store_change(none).unwrap();
    assert_eq!(
        (change.services, hours),
        (Some(ServiceSet::EMPTY), Some(Vec::new()))
    );

    let faulty = json!({
        "address": "", "name": "店".repeat(61), "services": ["live_in", "cooking", "flying"],
        "opening_hours": [{"day": "someday", "from": "24:01", "until": "6:00", "at": 1}], "status": "closed",
    });
    assert_eq!(
        pointers(store_change(faulty)),
        [
            "/name",
            "/services/0",
            "/services/2",
            "/opening_hours/0/day",
            "/opening_hours/0/from",
            "/opening_hours/0/until",
            "/opening_hours/0/at",
            "/status"
        ]
    );
    let many = json!({"opening_hours": vec![json!({"day": "sunday", "from": "00:00", "until": "01:00"}); 29]});
    assert_eq!(pointers(store_change(many)), ["/opening_hours"]);
}

#[test]
fn a_store_that_is_registered_does_some_of_what_its_agency_does() {
    let mut registration = good();
    registration["stores"][0]["services"] = json!(["live_in"]);
    let read = Registration::read(&body(&registration)).unwrap();
    assert_eq!(read.stores[0].services.len(), 1);
    registration["stores"][0]["services"] = json!(["live_in", "cooking"]);
    registration["stores"][0]["opening_hours"] = json!("always");
    assert_eq!(
        pointers(Registration::read(&body(&registration))),
        ["/stores/0/services/1", "/stores/0/opening_hours"]
    );
}

#[test]
fn a_change_of_an_agency_names_at_least_one_field() {
    assert_eq!(pointers(read_agency_change(&body(&json!({})))), [""]);
    let faults = json!({
        "name": "店".repeat(61), "responsible_person": "经理1", "phone": "1", "services": ["flying"], "uscc": "x",
    });
    assert_eq!(
        pointers(read_agency_change(&body(&faults))),
        [
            "/name",
            "/responsible_person",
            "/phone",
            "/services/0",
            "/uscc"
        ]
    );
}
