use serde_json::{Value, json};

use super::*;

const AGENCY: &str = "A#00000000000000000000000000";
const OTHER: &str = "A#00000000000000000000000004";

fn agency(pk: &str, standing: &str, version: u64, completed: u64) -> Value {
    json!({
        "pk": {"S": pk}, "sk": {"S": "agency"}, "name": {"S": "平安家政"},
        "uscc": {"S": "91350100M000100Y43"}, "responsible_person": {"S": "张三"},
        "phone": {"S": "13912345678"}, "services": {"L": [{"S": "cleaning"}]},
        "standing": {"S": standing}, "version": {"N": version.to_string()},
        "stats": {"M": {
            "stars_sum": {"N": "0"}, "stars_count": {"N": "0"},
            "completed": {"N": completed.to_string()}, "abandoned": {"N": "0"},
        }},
        "registered_at": {"N": "0"}, "reviews": {"L": []},
        "secret_hash": {"B": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        "body_hash": {"B": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    })
}

fn store(pk: &str, location: Option<i32>) -> Value {
    let mut item = json!({
        "pk": {"S": pk}, "sk": {"S": "store#0000000000000"}, "name": {"S": "店"},
        "address": {"S": "路"}, "status": {"S": "approved"}, "added_at": {"N": "0"},
        "reviews": {"L": []},
    });
    if let Some(lat_e7) = location {
        let point = json!({"M": {"la": {"N": lat_e7.to_string()}, "lo": {"N": "1266200000"}}});
        item["location"] = point;
    }
    item
}

fn cell() -> Value {
    json!({
        "pk": {"S": "C#yb4h0"}, "sk": {"S": "00000000000000000000000000#0000000000000"},
        "v": {"N": "1"}, "d": {"B": "AAAA"},
    })
}

fn record(old: Option<Value>, new: Option<Value>) -> EventRecord {
    let mut change = json!({"SizeBytes": 1, "SequenceNumber": "1"});
    for (name, image) in [("OldImage", old), ("NewImage", new)] {
        if let Some(image) = image {
            change[name] = image;
        }
    }
    serde_json::from_value(json!({
        "awsRegion": "local", "eventID": "1", "eventName": "MODIFY", "dynamodb": change,
    }))
    .unwrap()
}

fn only(records: &[EventRecord]) -> Change {
    let changes = Changes::of(records);
    assert_eq!((changes.agencies.len(), changes.unreadable), (1, None));
    changes.agencies.into_values().next().unwrap()
}

#[test]
fn cells_and_writes_that_change_nothing_are_passed_over() {
    let same = |item: Value| record(Some(item.clone()), Some(item));
    let records = [
        record(None, Some(cell())),
        record(Some(cell()), None),
        same(agency(AGENCY, "approved", 3, 0)),
        same(store(AGENCY, Some(457_700_000))),
        // A rating changes no cell.
        record(
            Some(agency(AGENCY, "approved", 3, 0)),
            Some(agency(AGENCY, "approved", 3, 1)),
        ),
    ];
    assert_eq!(Changes::of(&records), Changes::default());
}

#[test]
fn an_agency_is_looked_at_once_a_batch_from_its_first_record_on() {
    let records = [
        record(None, Some(cell())),
        record(None, Some(agency(AGENCY, "pending", 1, 0))),
        record(None, Some(store(AGENCY, None))),
        record(None, Some(agency(OTHER, "pending", 1, 0))),
        record(
            Some(agency(AGENCY, "pending", 1, 0)),
            Some(agency(AGENCY, "approved", 2, 0)),
        ),
    ];
    let changes = Changes::of(&records);
    let firsts: Vec<usize> = changes
        .agencies
        .values()
        .map(|change| change.first)
        .collect();
    assert_eq!(firsts, [1, 3]);
}

#[test]
fn both_the_old_and_the_new_place_of_a_store_are_seen() {
    let change = only(&[record(
        Some(store(AGENCY, Some(457_700_000))),
        Some(store(AGENCY, Some(457_800_000))),
    )]);
    let latitudes: Vec<i32> = change.seen_at.iter().map(|(_, at)| at.lat_e7()).collect();
    assert_eq!(latitudes, [457_700_000, 457_800_000]);
    let change = only(&[record(Some(store(AGENCY, Some(457_700_000))), None)]);
    assert_eq!(change.seen_at.len(), 1, "also of a store that is gone");
}

#[test]
fn only_a_suspension_and_its_end_concern_the_queue() {
    for (before, after, queue) in [
        (None, "pending", false),
        (Some("pending"), "approved", false),
        (Some("pending"), "rejected", false),
        (Some("rejected"), "approved", false),
        (Some("approved"), "suspended", true),
        (Some("suspended"), "approved", true),
        (Some("approved"), "approved", false),
        (Some("suspended"), "suspended", false),
        (None, "suspended", true),
    ] {
        let old = before.map(|standing| agency(AGENCY, standing, 1, 0));
        let change = only(&[record(old, Some(agency(AGENCY, after, 2, 0)))]);
        assert_eq!(change.queue, queue, "{before:?} to {after}");
    }
}

#[test]
fn what_comes_before_an_unreadable_record_is_done() {
    let mut broken = agency(OTHER, "approved", 1, 0);
    broken["version"] = json!({"S": "one"});
    let records = [
        record(None, Some(agency(AGENCY, "approved", 1, 0))),
        record(None, Some(broken)),
        record(None, Some(agency(OTHER, "approved", 2, 0))),
    ];
    let changes = Changes::of(&records);
    assert_eq!((changes.agencies.len(), changes.unreadable), (1, Some(1)));
}
