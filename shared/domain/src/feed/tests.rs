use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::check::IdNumber;
use crate::credit::{CreditRules, Recorded, Section};

fn link(seq: u64, name: &str) -> Link {
    Link {
        seq,
        batch_id: name.parse().unwrap(),
        manifest_sha256: Hash([u8::try_from(seq).unwrap(); 32]),
        sha256: Hash([0x80 | u8::try_from(seq).unwrap(); 32]),
        as_of: Millis(i64::try_from(seq).unwrap() * 1_000),
    }
}

fn hash(byte: u8) -> Option<Hash> {
    Some(Hash([byte; 32]))
}

/// A source with batches 1 and 2 announced, none applied.
fn two() -> Source {
    let one = Source::default().announced(link(1, "one"), None).unwrap();
    one.announced(link(2, "two"), hash(1)).unwrap()
}

#[test]
fn a_batch_follows_the_one_before_and_nothing_else() {
    let source = two();
    assert_eq!(source.expected(), 3);
    let gap = source.announced(link(4, "four"), hash(3)).unwrap_err();
    assert_eq!(gap, Unfit::Gap { expected: 3 });
    for wrong in [None, hash(0), hash(1), hash(9)] {
        let unfit = source.announced(link(3, "three"), wrong).unwrap_err();
        let expected = Hash([2; 32]);
        assert_eq!(unfit, Unfit::ChainBroken { expected });
    }
    let expected = Hash::NONE;
    assert_eq!(
        Source::default().announced(link(1, "one"), hash(1)),
        Err(Unfit::ChainBroken { expected })
    );
    let mut old = link(3, "three");
    let newest = Millis(2_000);
    old.as_of = newest;
    assert!(source.announced(old.clone(), hash(2)).is_ok(), "as new");
    old.as_of = Millis(1_999);
    assert_eq!(source.announced(old, hash(2)), Err(Unfit::Older { newest }));
    // By its manifest's hash, or by its content's.
    assert!(source.announced(link(3, "three"), hash(2)).is_ok());
    assert!(source.announced(link(3, "three"), hash(0x82)).is_ok());
    assert!(Source::default().announced(link(1, "one"), hash(0)).is_ok());
}

#[test]
fn a_place_is_taken_until_its_batch_is_refused() {
    let source = two();
    let anew = || link(1, "one-anew");
    let taken = Unfit::Taken { expected: 3 };
    assert_eq!(source.announced(anew(), None), Err(taken));
    let refused = source.next_refused(true);
    let again = refused.announced(anew(), None).unwrap();
    // The second one followed the first one that is no more.
    assert_eq!(again.expected(), 2);
    assert_eq!(again.turn(&"two".parse().unwrap()), Turn::Over);
    assert_eq!(again.turn(&"one-anew".parse().unwrap()), Turn::Next);
    assert_eq!(
        refused.next_refused(false).announced(anew(), None),
        Err(taken)
    );
    let applied = source.next_applied();
    assert_eq!(applied.announced(anew(), None), Err(taken));
    assert_eq!(applied.applied, Some(link(1, "one")));
    assert_eq!(applied.turn(&"two".parse().unwrap()), Turn::Next);
    assert_eq!(applied.turn(&"one".parse().unwrap()), Turn::Over);
}

#[test]
fn not_everything_can_wait() {
    let mut source = Source::default();
    let mut prev = None;
    for seq in 1..=100 {
        let next = link(seq, &format!("b{seq}"));
        let named = Some(next.manifest_sha256);
        source = source.announced(next, prev).unwrap();
        prev = named;
    }
    assert_eq!(
        source.announced(link(101, "b101"), prev),
        Err(Unfit::TooMany)
    );
}

#[test]
fn the_latest_batches_are_known_whatever_became_of_them() {
    let refused = two().next_refused(true);
    let source = refused.announced(link(1, "one-anew"), None).unwrap();
    let mut source = source.next_applied();
    let names = |source: &Source| {
        source
            .latest
            .iter()
            .map(BatchId::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&source), ["one-anew", "two", "one"]);
    for seq in 2..=30 {
        let next = link(seq, &format!("b{seq}"));
        source = source.announced(next, hash(seq as u8 - 1)).unwrap();
    }
    assert_eq!(names(&source).len(), MOST_LATEST);
    assert_eq!((&*names(&source)[0], &*names(&source)[19]), ("b30", "b11"));
    // Of a source from before they were kept, none is known.
    let before: Source = serde_json::from_str(r#"{"applied":null,"pending":[]}"#).unwrap();
    assert_eq!(before, Source::default());
}

#[test]
fn names_of_batches() {
    for name in ["a", "2026-11-23", "A.b_c-9", &"x".repeat(64)] {
        assert!(name.parse::<BatchId>().is_ok(), "{name}");
    }
    for name in ["", ".", "..", "-a", "a/b", "a b", "批", &"x".repeat(65)] {
        assert_eq!(name.parse::<BatchId>(), Err(NotABatchId), "{name}");
    }
}

#[test]
fn a_manifest_is_signed_in_canonical_form() {
    let manifest = json!({"seq": 1, "batch_id": "b", "as_of": "2026-01-31T01:00:00Z"});
    let canonical = signed_form(&manifest);
    assert_eq!(
        String::from_utf8(canonical.clone()).unwrap(),
        r#"{"as_of":"2026-01-31T01:00:00Z","batch_id":"b","seq":1}"#
    );
    assert_eq!(manifest_hash(&canonical).to_string().len(), 64);
}

#[test]
fn a_manifest_from_before_parts_were_named_is_read() {
    let mut old = json!({
        "source": "court", "batch_id": "b", "seq": 1, "as_of": "2026-01-31T01:00:00Z",
        "rows": 1, "parts": 1, "sha256": "00".repeat(32),
    });
    for parts in [None, Some(Value::Null)] {
        if let Some(parts) = parts {
            old["part_sha256"] = parts;
        }
        let manifest: Manifest = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(manifest.part_sha256, None);
    }
}

const LATEST: &str = "2026-06-01T00:00:00Z";

fn rules() -> RowRules {
    let latest = Millis::parse_rfc3339(LATEST).unwrap();
    let mut sections = Section::ALL.to_vec();
    sections.retain(|section| *section != Section::PublicSecurity);
    RowRules::new(&sections, &CreditRules::default(), latest)
}

fn row() -> Value {
    json!({
        "worker": {"id_number": "11010519491231002x"},
        "section": "personal_insurance",
        "state": "clear",
        "as_of": "2026-05-01T00:00:00+08:00",
        "valid_from": null,
        "valid_until": "2027-05-01T00:00:00+08:00",
        "reference": "P-1",
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut changed = row();
    *changed.pointer_mut(path).unwrap() = value;
    changed
}

fn parse(row: &Value) -> Result<Row, String> {
    let parsed = rules().parse(7, row.to_string().as_bytes());
    parsed.map(|(_, row)| row).map_err(|rejected| {
        assert_eq!(rejected.line, 7);
        rejected.detail
    })
}

#[test]
fn a_good_row_is_read() {
    let (number, read) = rules().parse(7, row().to_string().as_bytes()).unwrap();
    assert_eq!(number.as_str(), "11010519491231002X");
    assert_eq!(
        (read.line, read.section, read.state),
        (7, Section::PersonalInsurance, Recorded::Clear)
    );
    assert_eq!(read.reference.as_deref(), Some("P-1"));
    assert_eq!(format!("{read:?}"), "Row");
    let short = json!({
        "worker": {"id_number": "11010519491231002X"},
        "section": "identity", "state": "withheld", "as_of": LATEST,
    });
    assert!(parse(&short).is_ok());
}

#[test]
fn a_bad_row_is_told_what_is_wrong_and_nothing_of_what_it_says() {
    let time = "must be a time in RFC 3339 with offset";
    let unborn = IdNumber::complete("23010220260602001").unwrap();
    let cases = [
        (json!([]), "the row is not a JSON object".to_owned()),
        (
            with("/section", json!("tax")),
            "section is not one of the nine".to_owned(),
        ),
        (
            with("/section", json!("public_security")),
            "this source may not speak for this section".to_owned(),
        ),
        (
            with("/state", json!("stale")),
            "state must be one of clear, flagged, pending, unknown, withheld".to_owned(),
        ),
        (with("/as_of", json!("2026-05-01")), format!("as_of {time}")),
        (
            with("/as_of", json!("2026-06-01T00:00:01Z")),
            "as_of is in the future".to_owned(),
        ),
        (with("/valid_from", json!(5)), format!("valid_from {time}")),
        (
            with("/valid_until", json!("2026-05-01T00:00:00+08:00")),
            "it ends before it begins: valid_until must be after valid_from or as_of".to_owned(),
        ),
        (
            with("/valid_from", json!("2027-05-01T00:00:00+08:00")),
            "it ends before it begins: valid_until must be after valid_from or as_of".to_owned(),
        ),
        (
            with("/valid_until", json!(null)),
            "valid_until is needed where this section is clear".to_owned(),
        ),
        (
            with("/reference", json!("x".repeat(65))),
            "reference must be a string of 1 to 64 visible characters".to_owned(),
        ),
        (
            with("/worker", json!({"id_number": "110105194912310021"})),
            "worker.id_number has a wrong check character; please compare it with the card"
                .to_owned(),
        ),
        (
            with("/worker", json!({"id_number": unborn.as_str()})),
            "worker.id_number has a birth date in the future".to_owned(),
        ),
        (
            with("/worker", json!("x")),
            "worker must be an object with id_number".to_owned(),
        ),
        (
            with(
                "/worker",
                json!({"id_number": "11010519491231002X", "name": "张伟"}),
            ),
            "worker has a field that is not known".to_owned(),
        ),
    ];
    for (row, detail) in cases {
        assert_eq!(parse(&row).unwrap_err(), detail, "{row}");
    }
    let mut strange = row();
    strange["地址"] = json!("somewhere");
    strange["state"] = json!(null);
    assert_eq!(
        parse(&strange).unwrap_err(),
        "there is a field that is not known; state must be one of clear, flagged, pending, unknown, withheld"
    );
    for (member, twice) in [
        (r#""state":"clear""#, r#""state":"flagged","state":"clear""#),
        (r#""state":"clear""#, r#""state":"clear","state":"clear""#),
        (
            r#""id_number":"#,
            r#""id_number":"11010519491231002X","id_number":"#,
        ),
        (
            r#""reference":"P-1""#,
            r#""reference":null,"reference":"P-1""#,
        ),
    ] {
        let text = row().to_string().replace(member, twice);
        let rejected = rules().parse(7, text.as_bytes()).unwrap_err();
        assert_eq!(rejected.detail, "a member is given twice", "{twice}");
    }
    let long = rules().parse(1, &[b' '; LONGEST_ROW + 1]).unwrap_err();
    assert_eq!(long.detail, "the row is longer than 4096 bytes");
    assert!(rules().parse(1, b"\xff{}").is_err());
}

#[test]
fn lines_are_counted_over_blank_ones_and_parts() {
    let (rows, lines) = rows_of(b"\xef\xbb\xbfa\r\n\n  \nb\n", 10);
    assert_eq!(rows, [(11, b"a".as_slice()), (14, b"b")]);
    assert_eq!(lines, 4);
    let (rows, lines) = rows_of(b"c\nd", 14);
    assert_eq!(rows, [(15, b"c".as_slice()), (16, b"d")]);
    assert_eq!(lines, 2);
    assert_eq!(rows_of(b"", 3), (Vec::new(), 0));
    assert_eq!(rows_of(b"\n", 3).1, 1);
}

fn said(line: u32, section: Section, as_of: i64, state: Recorded) -> Row {
    Row {
        line,
        section,
        state,
        as_of: Millis(as_of),
        valid_from: None,
        valid_until: None,
        reference: None,
    }
}

#[test]
fn of_several_rows_the_newest_counts_and_contradictions_do_not() {
    use Recorded::{Clear, Flagged};
    use Section::{Dishonesty, Identity};
    let rows = vec![
        said(1, Identity, 10, Clear),
        said(2, Identity, 20, Flagged),
        said(3, Identity, 20, Flagged),
        said(4, Dishonesty, 30, Clear),
        said(5, Dishonesty, 30, Flagged),
        said(6, Dishonesty, 40, Clear),
        said(7, Dishonesty, 5, Clear),
    ];
    let result = newest(rows, Millis(100));
    let lines: Vec<u32> = result.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 6]);
    assert_eq!(result.unchanged, [3, 1, 7]);
    let rejected: Vec<(u32, &str)> = result
        .rejected
        .iter()
        .map(|rejected| (rejected.line, rejected.detail.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            (
                4,
                "line 5 says something else of the same section and moment"
            ),
            (
                5,
                "line 4 says something else of the same section and moment"
            ),
        ]
    );
}

#[test]
fn rows_that_follow_one_another_all_count() {
    use Recorded::{Clear, Flagged};
    let insured = |line, as_of, from, until| Row {
        valid_from: Some(Millis(from)),
        valid_until: Some(Millis(until)),
        ..said(line, Section::PersonalInsurance, as_of, Clear)
    };
    let flagged = said(9, Section::PersonalInsurance, 10, Flagged);
    // (case, rows, lines that count, unchanged, rejected), announced at 100
    for (case, rows, counting, unchanged, rejected) in [
        (
            "a policy and its renewal, of one moment",
            vec![insured(1, 10, 200, 300), insured(2, 10, 50, 200)],
            vec![2, 1],
            vec![],
            vec![],
        ),
        (
            "of different moments",
            vec![insured(1, 11, 200, 300), insured(2, 10, 50, 200)],
            vec![2, 1],
            vec![],
            vec![],
        ),
        (
            "what begins later was said earlier",
            vec![insured(1, 10, 200, 300), insured(2, 11, 50, 200)],
            vec![2],
            vec![1],
            vec![],
        ),
        (
            "the newer one has begun",
            vec![insured(1, 11, 99, 300), insured(2, 10, 50, 200)],
            vec![1],
            vec![2],
            vec![],
        ),
        (
            "two ends of one policy",
            vec![insured(1, 10, 50, 200), insured(2, 10, 50, 300)],
            vec![],
            vec![],
            vec![1, 2],
        ),
        (
            "flagged and clear at once, whenever that begins",
            vec![insured(1, 10, 50, 200), insured(2, 10, 200, 300), flagged],
            vec![],
            vec![],
            vec![1, 2, 9],
        ),
        (
            "a renewal of what it cannot agree on",
            vec![
                insured(1, 11, 200, 300),
                insured(2, 10, 50, 200),
                insured(3, 10, 50, 190),
                insured(4, 9, 50, 180),
                insured(5, 9, 250, 280),
            ],
            vec![1],
            vec![5],
            vec![2, 3, 4],
        ),
    ] {
        let result = newest(rows, Millis(100));
        let lines: Vec<u32> = result.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, counting, "{case}");
        assert_eq!(result.unchanged, unchanged, "{case}");
        let mut lines: Vec<u32> = result.rejected.iter().map(|row| row.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, rejected, "{case}");
    }
}

#[test]
fn where_the_newest_rows_contradict_one_another_no_older_one_counts() {
    use Recorded::{Clear, Flagged};
    use Section::{Dishonesty, Identity};
    let result = newest(
        vec![
            said(1, Dishonesty, 10, Clear),
            said(2, Dishonesty, 20, Flagged),
            said(3, Dishonesty, 20, Clear),
            said(4, Dishonesty, 5, Flagged),
            said(5, Dishonesty, 5, Clear),
            said(6, Identity, 10, Clear),
        ],
        Millis(100),
    );
    let lines: Vec<u32> = result.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [6], "of the other section alone");
    assert!(result.unchanged.is_empty());
    let mut rejected = result.rejected;
    rejected.sort();
    let later = "lines 2 and 3 contradict one another, of the same section and a later moment";
    let told: Vec<(u32, &str)> = rejected
        .iter()
        .map(|rejected| (rejected.line, rejected.detail.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, later),
            (
                2,
                "line 3 says something else of the same section and moment"
            ),
            (
                3,
                "line 2 says something else of the same section and moment"
            ),
            (4, later),
            (5, later),
        ]
    );
}

proptest! {
    #[test]
    fn every_row_is_accounted_for_in_whatever_order_they_come(
        rows in proptest::collection::vec((0..3usize, 0..4i64, 0..2usize, 0..4i64), 0..20),
        turn in 0..20usize,
        from in 0..9i64,
    ) {
        let mut rows: Vec<Row> = rows.iter().enumerate().map(|(line, (section, as_of, state, later))| Row {
            valid_from: (*later > 1).then_some(Millis(*as_of + *later)),
            ..said(u32::try_from(line).unwrap(), Section::ALL[*section], *as_of, Recorded::ALL[*state])
        }).collect();
        let all = rows.len();
        let first = newest(rows.clone(), Millis(from));
        let count = first.rows.len() + first.rejected.len() + first.unchanged.len();
        prop_assert_eq!(count, all);
        if all > 0 {
            rows.rotate_left(turn % all);
        }
        prop_assert_eq!(newest(rows, Millis(from)), first);
    }
}
