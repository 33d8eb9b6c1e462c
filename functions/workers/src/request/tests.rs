use domain::service::Service;
use std::time::Duration;

use lambda_http::Body;
use lambda_http::http::Request;
use serde_json::{Value, json};

use super::*;

const NOW: Millis = Millis(1_800_000_000_000);

fn body(value: &Value) -> JsonBody {
    let request = Request::post("https://x/")
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .unwrap();
    JsonBody::from_request(&request).unwrap()
}

fn terms(catalogue: &Catalogue) -> Terms<'_> {
    Terms {
        ages: 18..=70,
        services: [Service::Cleaning, Service::Cooking].into_iter().collect(),
        catalogue,
        now: NOW,
    }
}

fn read_now(registration: &Value) -> Result<WorkerRegistration, Problem> {
    WorkerRegistration::parse_now(&body(registration), &terms(&Catalogue::default()))
}

/// The ID number of somebody born on this day.
fn born(day: &str) -> String {
    let number = IdNumber::complete(&format!("230102{day}001")).unwrap();
    number.as_str().to_owned()
}

fn good() -> Value {
    json!({
        "name": "张秀兰",
        "id_number": "11010519651231 002ｘ",
        "phone": "+86 139-1234-5678",
        "skills": ["cleaning", "cooking"],
        "consent": {"text_version": "2026-01", "given_at": NOW.to_rfc3339()},
    })
}

fn pointers<T>(result: Result<T, Problem>) -> Vec<String> {
    let problem = result.err().unwrap();
    assert_eq!(problem.slug, "invalid");
    let faults = problem.errors.into_iter();
    faults.map(|fault| fault.pointer).collect()
}

#[test]
fn a_registration_is_read_as_people_type_it() {
    let read = read_now(&good()).unwrap();
    assert_eq!(read.id_number.as_str(), "11010519651231002X");
    assert_eq!(read.phone.as_str(), "13912345678");
    assert_eq!(read.skills.len(), 2);
    assert_eq!(read.consent.given_at, NOW);
}

#[test]
fn each_fault_of_a_registration_is_named() {
    let before = |years: i64| {
        let day = 86_400_000;
        Millis(NOW.0 - (years * 365 + 2) * day).to_rfc3339()
    };
    let soon = (NOW + CLOCKS_DIFFER + Duration::from_millis(1)).to_rfc3339();
    let cases = [
        ("/name", json!("")),
        ("/name", json!("名".repeat(41))),
        ("/name", json!("\u{202e}张秀兰")),
        ("/name", json!("张秀兰1")),
        ("/id_number", json!("110105194912310021")),
        ("/id_number", json!("110105194902300021")),
        ("/id_number", json!("1101051949123100")),
        // In China it is the 15th of January 2027: tomorrow's child, somebody who is 18 tomorrow, somebody who is 71 today.
        ("/id_number", json!(born("20270116"))),
        ("/id_number", json!(born("20090116"))),
        ("/id_number", json!(born("19560115"))),
        ("/id_number", json!(null)),
        ("/phone", json!("12345678901")),
        ("/skills", json!([])),
        ("/skills", json!(["cleaning", "cleaning"])),
        ("/skills/0", json!(["gardening"])),
        ("/skills/1", json!(["cleaning", "deep_cleaning"])),
        ("/experience", json!({"cooking": 3})),
        (
            "/experience/0/service",
            json!([{"service": "childcare", "years": 3}]),
        ),
        (
            "/experience/1/service",
            json!([{"service": "cooking", "years": 3}, {"service": "cooking", "years": 4}]),
        ),
        ("/experience/0/years", json!([{"service": "cooking"}])),
        (
            "/experience/0/years",
            json!([{"service": "cooking", "years": 61}]),
        ),
        (
            "/experience/0/tags/1",
            json!([{"service": "cooking", "years": 3, "tags": ["halal", "windows"]}]),
        ),
        ("/consent", json!(null)),
        ("/consent", json!(true)),
        (
            "/consent/text_version",
            json!({"given_at": NOW.to_rfc3339()}),
        ),
        ("/consent/given_at", json!({"text_version": "1"})),
        (
            "/consent/given_at",
            json!({"text_version": "1", "given_at": soon}),
        ),
        (
            "/consent/given_at",
            json!({"text_version": "1", "given_at": "2026-01-31"}),
        ),
        (
            "/consent/given_at",
            json!({"text_version": "1", "given_at": before(2)}),
        ),
        ("/birthday", json!("1949-12-31")),
    ];
    for (pointer, value) in cases {
        let mut registration = good();
        registration[pointer.split('/').nth(1).unwrap()] = value.clone();
        assert_eq!(pointers(read_now(&registration)), [pointer], "{value}");
    }
    let mut unapproved = good();
    unapproved["skills"] = json!(["cleaning", "deep_cleaning"]);
    let problem = read_now(&unapproved).err().unwrap();
    let words = "deep_cleaning is no approved service of this agency";
    assert_eq!(problem.errors[0].detail, words);
    assert!(WorkerRegistration::parse(&body(&unapproved)).is_ok());
}

#[test]
fn who_is_of_age_today_can_be_registered_and_her_consent_counts_from_then() {
    for (day, pointer) in [
        ("20090115", None),
        ("19560116", None),
        ("20090115", Some("/consent/given_at")),
    ] {
        let mut registration = good();
        registration["id_number"] = json!(born(day));
        if pointer.is_some() {
            // The evening before, in China.
            registration["consent"]["given_at"] = json!("2027-01-14T15:59:59Z");
        }
        match pointer {
            None => assert!(read_now(&registration).is_ok(), "{day}"),
            Some(pointer) => assert_eq!(pointers(read_now(&registration)), [pointer]),
        }
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let read = read_now(&json!({"name": 1, "age": 3}));
    assert_eq!(
        pointers(read),
        [
            "/name",
            "/id_number",
            "/phone",
            "/skills",
            "/consent",
            "/age"
        ]
    );
}

#[test]
fn a_change_changes_something() {
    let catalogue = Catalogue::default();
    let services = terms(&catalogue).services;
    let read = |change: Value| WorkerChange::read(&body(&change), services, &catalogue);
    for nothing in [json!({}), json!({"name": "", "phone": " ", "skills": null})] {
        assert_eq!(pointers(read(nothing)), [""]);
    }
    let faults = json!({"name": "李1", "phone": "1", "skills": []});
    assert_eq!(pointers(read(faults)), ["/name", "/phone", "/skills"]);
    assert_eq!(
        pointers(read(json!({"skills": ["live_in"]}))),
        ["/skills/0"]
    );
    let experience = json!([{"service": "cooking", "years": 0}, {"service": "cleaning", "years": 1, "tags": ["pets"]}]);
    let given = read(json!({"experience": experience})).unwrap();
    let given = serde_json::to_value(given.fields.experience).unwrap();
    let sorted = json!([{"service": "cleaning", "years": 1, "tags": ["pets"]}, {"service": "cooking", "years": 0, "tags": []}]);
    assert_eq!(given, sorted);
    let read = read(json!({"name": "李梅"})).unwrap();
    assert_eq!(read.fields.name.as_deref(), Some("李梅"));
    assert!(read.fields.phone.is_none() && read.fields.skills.is_none() && read.consent.is_none());
}

#[test]
fn each_fault_of_a_section_is_named() {
    let rules = CreditRules::default();
    let good = json!({
        "section": "health_certificate", "state": "clear", "as_of": NOW.to_rfc3339(),
        "valid_until": "2027-06-01T00:00:00Z", "reference": "JK-1",
    });
    assert!(SectionResult::read(&body(&good), &rules, NOW).is_ok());
    let cases = [
        ("/section", json!("horoscope")),
        ("/state", json!("stale")),
        ("/state", json!(null)),
        ("/as_of", json!("2027-03-01T00:00:00Z")),
        ("/as_of", json!("yesterday")),
        ("/valid_until", json!(NOW.to_rfc3339())),
        ("/valid_until", json!(null)),
        ("/reference", json!("\u{2066}1")),
    ];
    for (pointer, value) in cases {
        let mut result = good.clone();
        result[pointer.split('/').nth(1).unwrap()] = value.clone();
        let read = SectionResult::read(&body(&result), &rules, NOW);
        assert_eq!(pointers(read), [pointer], "{value}");
    }
}
