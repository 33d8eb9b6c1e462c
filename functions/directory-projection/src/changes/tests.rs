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
    let changes = Changes::read(records);
    assert_eq!((changes.agencies.len(), changes.unreadable), (1, None));
    changes.agencies.into_values().next().unwrap()
}

/// With these fields changed.
fn with(mut item: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        item[*name] = value.clone();
    }
    item
}

#[test]
fn what_changes_no_cell_is_passed_over() {
    let same = |item: Value| record(Some(item.clone()), Some(item));
    let text = |text: &str| json!({ "S": text });
    let approved = || agency(AGENCY, "approved", 3, 0);
    let shop = || store(AGENCY, Some(457_700_000));
    let hours = json!({"L": [{"M": {
        "day": {"S": "monday"}, "from": {"S": "08:00"}, "until": {"S": "18:00"},
    }}]});
    let proposed = json!({"M": {"la": {"N": "1"}, "lo": {"N": "1"}}});
    let records = [
        record(None, Some(cell())),
        record(Some(cell()), None),
        same(approved()),
        same(shop()),
        // A registration, and its rejection.
        record(None, Some(agency(AGENCY, "pending", 1, 0))),
        record(
            None,
            Some(with(store(AGENCY, None), &[("status", text("pending"))])),
        ),
        record(
            Some(agency(AGENCY, "pending", 1, 0)),
            Some(agency(AGENCY, "rejected", 2, 0)),
        ),
        // A rating; a new version because of a store; a new name.
        record(Some(approved()), Some(agency(AGENCY, "approved", 3, 1))),
        record(Some(approved()), Some(agency(AGENCY, "approved", 4, 0))),
        record(Some(shop()), Some(with(shop(), &[("name", text("新店"))]))),
        record(
            Some(shop()),
            Some(with(shop(), &[("opening_hours", hours)])),
        ),
        // A move that waits for review: the old place counts.
        record(
            Some(shop()),
            Some(with(
                shop(),
                &[("status", text("pending")), ("proposed", proposed)],
            )),
        ),
    ];
    assert_eq!(Changes::read(&records), Changes::default());
}

#[test]
fn an_agency_is_looked_at_once_a_batch_from_its_first_record_on() {
    let approval = |pk| {
        record(
            Some(agency(pk, "pending", 1, 0)),
            Some(agency(pk, "approved", 2, 0)),
        )
    };
    let records = [
        record(None, Some(cell())),
        record(None, Some(agency(AGENCY, "pending", 1, 0))),
        approval(AGENCY),
        approval(OTHER),
        record(
            Some(store(AGENCY, None)),
            Some(store(AGENCY, Some(457_700_000))),
        ),
    ];
    let changes = Changes::read(&records);
    let firsts: Vec<usize> = changes
        .agencies
        .values()
        .map(|change| change.first)
        .collect();
    assert_eq!(firsts, [2, 3]);
}

#[test]
fn other_services_change_cells() {
    let more = json!({"L": [{"S": "cleaning"}, {"S": "cooking"}]});
    let old = agency(AGENCY, "approved", 1, 0);
    let new = with(agency(AGENCY, "approved", 2, 0), &[("services", more)]);
    assert!(!only(&[record(Some(old), Some(new))]).queue);
}

#[test]
fn both_the_old_and_the_new_place_of_a_store_are_seen() {
    let (old, new) = (
        store(AGENCY, Some(457_700_000)),
        store(AGENCY, Some(457_800_000)),
    );
    let change = only(&[record(Some(old.clone()), Some(new))]);
    let latitudes: Vec<i32> = change.seen_at.iter().map(|(_, at)| at.lat_e7()).collect();
    assert_eq!(latitudes, [457_700_000, 457_800_000]);
    let change = only(&[record(Some(old.clone()), None)]);
    assert_eq!(change.seen_at.len(), 1, "also of a store that is gone");
    let suspended = with(old.clone(), &[("status", json!({"S": "suspended"}))]);
    let change = only(&[record(Some(old.clone()), Some(suspended))]);
    assert_eq!(change.seen_at.len(), 2, "and of one that is suspended");
    let cooks = json!({"L": [{"S": "cooking"}]});
    for (field, value) in [("closed_at", json!({"N": "1"})), ("services", cooks)] {
        let changed = with(old.clone(), &[(field, value)]);
        let change = only(&[record(Some(old.clone()), Some(changed))]);
        assert_eq!(change.seen_at.len(), 2, "{field}");
    }
}

#[test]
fn only_a_suspension_and_its_end_concern_the_queue() {
    for (before, after, queue) in [
        (None, "approved", false),
        (Some("pending"), "approved", false),
        (Some("rejected"), "approved", false),
        (Some("approved"), "suspended", true),
        (Some("suspended"), "approved", true),
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
    let changes = Changes::read(&records);
    assert_eq!((changes.agencies.len(), changes.unreadable), (1, Some(1)));
}
