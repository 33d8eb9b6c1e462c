use serde_json::json;

use super::*;

/// Reads a visit with every kind of field, as a table's subject.
fn read(body: Value) -> Result<(), Vec<(String, String)>> {
    let result = Fields::read(&body, |fields| {
        let name = fields.string("name", 1..=5);
        let minutes = fields.integer("minutes", 30..=720);
        let ratio = fields.number("ratio");
        let start = fields.time("start");
        let port = fields.parsed::<u16>("port");
        let kinds = fields.parsed_list::<u8>("kinds", 1..=3);
        let contact = fields.object("contact", |contact| contact.string("phone", 1..=11));
        let stores = fields.objects("stores", 1..=2, |store| store.string("name", 1..=5));
        let notes = fields.optional_string("notes", 0..=3);
        let budget = fields.optional_integer("budget", 0..=10);
        fields.optional_person_name("person", 4);
        fields.optional_parsed::<u16>("port_too");
        Some((
            name?, minutes?, ratio?, start?, port?, kinds?, contact?, stores?, notes, budget,
        ))
    });
    match result {
        Ok(_) => Ok(()),
        Err(problem) => {
            assert_eq!(problem.slug, "invalid");
            Err(problem
                .errors
                .into_iter()
                .map(|fault| (fault.pointer, fault.detail))
                .collect())
        }
    }
}

fn good() -> Value {
    json!({
        "name": "家政", "minutes": 60, "ratio": 0.5, "start": "2026-01-31T09:00:00+08:00",
        "port": "80", "kinds": ["1"], "contact": {"phone": "1"}, "stores": [{"name": "a"}],
        "notes": null,
    })
}

#[test]
fn a_good_body_is_read() {
    assert_eq!(read(good()), Ok(()));
}

#[test]
fn each_fault_is_named_with_its_place() {
    let cases: &[(&str, Value, &str, &str)] = &[
        ("name", json!(null), "/name", "is required"),
        ("name", json!(7), "/name", "must be a string"),
        ("name", json!(" \t"), "/name", "must have 1 to 5 characters"),
        (
            "name",
            json!("六个字的名字"),
            "/name",
            "must have 1 to 5 characters",
        ),
        (
            "name",
            json!("a\u{0}b"),
            "/name",
            "must not have control characters",
        ),
        (
            "name",
            json!("a\u{202e}b"),
            "/name",
            "must not have invisible characters, such as U+202E at place 2",
        ),
        (
            "notes",
            json!("\u{200b}"),
            "/notes",
            "must not have invisible characters, such as U+200B at place 1",
        ),
        (
            "person",
            json!("张三1"),
            "/person",
            "must be a person's name: letters, with spaces, hyphens or · between them",
        ),
        (
            "person",
            json!("买买提·吐尔逊"),
            "/person",
            "must have 1 to 4 characters",
        ),
        ("port_too", json!(80), "/port_too", "must be a string"),
        (
            "minutes",
            json!(29),
            "/minutes",
            "must be within 30 and 720",
        ),
        (
            "minutes",
            json!(u64::MAX),
            "/minutes",
            "must be within 30 and 720",
        ),
        (
            "minutes",
            json!(30.5),
            "/minutes",
            "must be a whole number within 30 and 720",
        ),
        (
            "minutes",
            json!(1e300),
            "/minutes",
            "must be a whole number within 30 and 720",
        ),
        (
            "minutes",
            json!(29.0),
            "/minutes",
            "must be within 30 and 720",
        ),
        (
            "minutes",
            json!("60"),
            "/minutes",
            "must be a whole number within 30 and 720",
        ),
        ("ratio", json!("NaN"), "/ratio", "must be a number"),
        (
            "port",
            json!("80a"),
            "/port",
            "invalid digit found in string",
        ),
        ("port", json!(80), "/port", "must be a string"),
        ("kinds", json!([]), "/kinds", "must have 1 to 3 elements"),
        ("kinds", json!({}), "/kinds", "must be a list"),
        ("kinds", json!(["1", 2]), "/kinds/1", "must be a string"),
        ("contact", json!([]), "/contact", "must be an object"),
        ("contact", json!({}), "/contact/phone", "is required"),
        (
            "contact",
            json!({"phone": "1", "a/b~": 1}),
            "/contact/a~1b~0",
            "is not a known field",
        ),
        (
            "stores",
            json!([{"name": "a"}, {"name": 1}]),
            "/stores/1/name",
            "must be a string",
        ),
        ("stores", json!([1]), "/stores/0", "must be an object"),
        (
            "notes",
            json!("long"),
            "/notes",
            "must have 0 to 3 characters",
        ),
        ("budget", json!(11), "/budget", "must be within 0 and 10"),
        ("other", json!(null), "/other", "is not a known field"),
    ];
    for (field, value, pointer, detail) in cases {
        let mut body = good();
        body[*field] = value.clone();
        let expected = vec![((*pointer).to_owned(), (*detail).to_owned())];
        assert_eq!(read(body), Err(expected), "{field} = {value}");
    }
}

#[test]
fn what_means_the_same_is_taken_for_the_same() {
    for (field, value) in [
        ("minutes", json!(60.0)),
        ("minutes", json!(6e1)),
        ("budget", json!(-0.0)),
        ("notes", json!("")),
        ("notes", json!(" \u{3000}")),
        ("budget", json!("")),
        ("person", json!("")),
        ("port_too", json!(" ")),
    ] {
        let mut body = good();
        body[field] = value.clone();
        assert_eq!(read(body), Ok(()), "{field} = {value}");
    }
    let body = json!({ "notes": "", "comment": "Zoe\u{308} " });
    let read = Fields::read(&body, |fields| {
        let notes = fields.optional_string("notes", 0..=3);
        Some((notes, fields.optional_string("comment", 1..=3)))
    });
    assert_eq!(read, Ok((None, Some("Zoë".to_owned()))));
}

#[test]
fn a_time_needs_an_offset() {
    for text in [
        "2026-01-31T09:00:00",
        "2026-01-31",
        "tomorrow",
        "2026-02-30T09:00:00Z",
    ] {
        let mut body = good();
        body["start"] = json!(text);
        let faults = read(body).unwrap_err();
        assert_eq!(faults[0].0, "/start");
    }
}

#[test]
fn all_faults_come_at_once() {
    let body = json!({"minutes": 0, "contact": {"email": "a"}, "stores": [{}, {}], "x": 1});
    let pointers: Vec<String> = read(body)
        .unwrap_err()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            "/name",
            "/minutes",
            "/ratio",
            "/start",
            "/port",
            "/kinds",
            "/contact/phone",
            "/contact/email",
            "/stores/0/name",
            "/stores/1/name",
            "/x",
        ]
    );
}

#[test]
fn a_body_that_is_no_object_is_a_fault_of_the_whole() {
    for body in [json!([]), json!("a"), json!(1), json!(null)] {
        let faults = read(body).unwrap_err();
        assert_eq!(faults, [(String::new(), "must be an object".to_owned())]);
    }
}

#[test]
fn places_are_converted_and_each_fault_of_them_is_named() {
    let read = |place: Value| {
        let body = json!({ "place": place });
        Fields::read(&body, |fields| fields.location("place")).map_err(|problem| {
            problem
                .errors
                .into_iter()
                .map(|fault| fault.pointer)
                .collect::<Vec<_>>()
        })
    };
    let wgs84 = read(json!({"lat": 45.75, "lon": 126.65, "datum": "wgs84"})).unwrap();
    assert_eq!((wgs84.lat(), wgs84.lon()), (45.75, 126.65));
    let gcj02 = read(json!({"lat": 45.75, "lon": 126.65, "datum": "gcj02"})).unwrap();
    let shift = domain::geo::distance_m(wgs84, gcj02);
    assert!((400.0..700.0).contains(&shift), "{shift}");

    let cases: &[(Value, &[&str])] = &[
        (json!({"lat": 45.75, "lon": 126.65}), &["/place/datum"]),
        (
            json!({"lat": 45.75, "lon": 126.65, "datum": "bd09"}),
            &["/place/datum"],
        ),
        (
            json!({"lat": 75.1, "lon": 181}),
            &["/place/datum", "/place/lat", "/place/lon"],
        ),
        (
            json!({"lat": -91, "datum": "gcj02"}),
            &["/place/lon", "/place/lat"],
        ),
        (
            json!({"lat": "45", "lon": null, "datum": "wgs84"}),
            &["/place/lat", "/place/lon"],
        ),
        (
            json!({"lat": 1, "lon": 1, "datum": "wgs84", "alt": 1}),
            &["/place/alt"],
        ),
        (json!([45.75, 126.65]), &["/place"]),
        (json!(null), &["/place"]),
    ];
    for (place, pointers) in cases {
        assert_eq!(&read(place.clone()).unwrap_err(), pointers, "{place}");
    }
}

#[test]
fn an_unknown_word_is_answered_with_those_there_are() {
    let read = |datum: Value| {
        let body = json!({ "datum": datum });
        let result = Fields::read(&body, |fields| fields.one_of::<Datum>("datum"));
        result.map_err(|problem| {
            problem
                .errors
                .into_iter()
                .map(|fault| fault.detail)
                .collect()
        })
    };
    let fault = |detail: &str| Err(vec![detail.to_owned()]);
    assert_eq!(read(json!("gcj02")), Ok(Datum::Gcj02));
    assert_eq!(read(json!("bd09")), fault("must be one of wgs84, gcj02"));
    assert_eq!(read(json!(["gcj02"])), fault("must be a string"));
    assert_eq!(read(Value::Null), fault("is required"));
}
