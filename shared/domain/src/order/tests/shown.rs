//! What an order shows, and to whom.

use super::*;

fn details() -> OrderDetails {
    OrderDetails {
        place: Wgs84::from_degrees(45.77, 126.65).unwrap(),
        address: "中央大街 100 号".to_owned(),
        contact: Contact {
            name: "王芳".to_owned(),
            phone: "13912345678".parse().unwrap(),
        },
        notes: None,
    }
}

#[test]
fn who_has_named_a_worker_is_shown_where_to_go_and_nobody_else() {
    let claimed = in_state(Status::Claimed);
    assert_eq!(
        claimed.viewer(&agency(1)),
        Some(Viewer::Claimant(agency(1)))
    );
    assert_eq!(claimed.viewer(&agency(2)), None);
    let shown = |order: &Order, viewer: &Viewer| {
        serde_json::to_value(order.view(viewer, Some(&details()), PLACED)).unwrap()
    };
    let staffed = in_state(Status::Staffed);
    for (order, viewer) in [
        (&claimed, Viewer::Customer),
        (&claimed, Viewer::Authority),
        (&staffed, Viewer::Claimant(agency(1))),
    ] {
        let seen = shown(order, &viewer);
        assert_eq!(seen["contact"]["phone"], "13912345678");
        assert_eq!(seen["location"]["datum"], "wgs84");
        assert_eq!(seen["claim"]["how"], "grab");
    }
    let unstaffed = shown(&claimed, &Viewer::Claimant(agency(1)));
    for secret in ["address", "contact", "location", "notes"] {
        assert!(unstaffed[secret].is_null(), "{secret} in {unstaffed}");
    }
    assert_eq!(unstaffed["area"].as_str().map(str::len), Some(6));
    let released = claimed.changed(&release(1, again()), 1, PLACED).unwrap();
    let taken = released
        .changed(&Change::Claim(claim(2, How::Grab, PLACED)), 2, PLACED)
        .unwrap();
    let former = taken.viewer(&agency(1)).unwrap();
    assert_eq!(former, Viewer::Former(agency(1)));
    let seen = shown(&taken, &former);
    for secret in ["address", "contact", "location", "notes", "claim"] {
        assert!(seen[secret].is_null(), "{secret} in {seen}");
    }
    let text = seen.to_string();
    assert!(!text.contains(agency(2).as_str()), "{text}");
    // Nor does the new agency learn who had it before.
    let text = shown(&taken, &Viewer::Claimant(agency(2))).to_string();
    assert!(!text.contains(agency(1).as_str()), "{text}");
    assert_eq!(format!("{:?}", details()), "OrderDetails");
}

#[test]
fn what_is_optional_is_null_and_not_absent() {
    let seen = serde_json::to_value(order().view(&Viewer::Customer, None, DEADLINE)).unwrap();
    let object = seen.as_object().unwrap();
    for name in [
        "claim",
        "worker",
        "address",
        "contact",
        "notes",
        "explanation",
    ] {
        assert_eq!(object.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(seen["settling"], true);
    assert_eq!(seen["status"], "open");
    assert_eq!(seen["grab_deadline"], "2027-01-15T08:03:00.000Z");
    assert_eq!(seen["timeline"][0]["what"], "placed");
    assert_eq!(seen["timeline"][0]["by"], "customer");
}

#[test]
fn an_offer_tells_how_many_were_asked_and_how_far_away() {
    let offer = Change::Offer {
        agencies: 12,
        radius_m: 5_000,
    };
    let offered = order().changed(&offer, 1, PLACED).unwrap();
    let words = "12 agencies within 5000 m";
    // What a customer writes is no such answer.
    let cancel = Change::Cancel {
        customer: offered.customer.clone(),
        reason: words.to_owned(),
    };
    let cancelled = offered.changed(&cancel, 1, PLACED).unwrap();
    let seen = serde_json::to_value(cancelled.view(&Viewer::Customer, None, PLACED)).unwrap();
    let lines = seen["timeline"].as_array().unwrap();
    let asked: Vec<_> = lines
        .iter()
        .map(|line| (&line["why"], &line["asked"]))
        .collect();
    let twelve = json!({ "agencies": 12, "radius_m": 5_000 });
    assert_eq!(
        asked,
        [
            (&Value::Null, &Value::Null),
            (&json!(words), &twelve),
            (&json!(words), &Value::Null)
        ]
    );
}
