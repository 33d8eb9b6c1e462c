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

fn good() -> Value {
    json!({
        "name": "张秀兰",
        "id_number": "11010519491231002x",
        "phone": "13912345678",
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
fn a_registration_is_read_and_a_small_x_becomes_a_capital_one() {
    let read = WorkerRegistration::read(&body(&good()), NOW).unwrap();
    assert_eq!(read.id_number.as_str(), "11010519491231002X");
    assert_eq!(read.skills.len(), 2);
    assert_eq!(read.consent.given_at, NOW);
}

#[test]
fn each_fault_of_a_registration_is_named() {
    let unborn = IdNumber::complete("23010220270201001").unwrap();
    let soon = (NOW + CLOCKS_DIFFER + Duration::from_millis(1)).to_rfc3339();
    let cases = [
        ("/name", json!("")),
        ("/name", json!("名".repeat(41))),
        ("/id_number", json!("110105194912310021")),
        ("/id_number", json!("110105194902300021")),
        ("/id_number", json!("1101051949123100")),
        ("/id_number", json!(unborn.as_str())),
        ("/id_number", json!(null)),
        ("/phone", json!("12345678901")),
        ("/skills", json!([])),
        ("/skills", json!(["cleaning", "cleaning"])),
        ("/skills/0", json!(["gardening"])),
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
        ("/birthday", json!("1949-12-31")),
    ];
    for (pointer, value) in cases {
        let mut registration = good();
        registration[pointer.split('/').nth(1).unwrap()] = value.clone();
        let read = WorkerRegistration::read(&body(&registration), NOW);
        assert_eq!(pointers(read), [pointer], "{value}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let read = WorkerRegistration::read(&body(&json!({"name": 1, "age": 3})), NOW);
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
fn a_change_names_at_least_one_field() {
    assert_eq!(pointers(WorkerChange::read(&body(&json!({})), NOW)), [""]);
    let faults = json!({"name": "", "phone": "1", "skills": []});
    let read = WorkerChange::read(&body(&faults), NOW);
    assert_eq!(pointers(read), ["/name", "/phone", "/skills"]);
    let read = WorkerChange::read(&body(&json!({"name": "李梅"})), NOW).unwrap();
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
        ("/reference", json!("")),
    ];
    for (pointer, value) in cases {
        let mut result = good.clone();
        result[pointer.split('/').nth(1).unwrap()] = value.clone();
        let read = SectionResult::read(&body(&result), &rules, NOW);
        assert_eq!(pointers(read), [pointer], "{value}");
    }
}
