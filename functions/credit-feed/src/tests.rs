use domain::chain::Hash;
use domain::credit::CreditRules;
use domain::feed::{RowRules, Unfit, manifest_hash};
use domain::time::Millis;
use runtime::spoken;
use serde_json::json;

use super::*;

#[test]
fn parts_have_whole_numbers_within_the_batch() {
    for (text, number) in [("1", Some(1)), ("0", None), ("3", Some(3)), ("4", None)] {
        assert_eq!(part_number(text, 3), number);
    }
    for text in ["", "+1", "-1", "1.0", "one", "99999999999"] {
        assert_eq!(part_number(text, 1_000), None);
    }
}

#[test]
fn refusals_say_what_would_be_accepted() {
    let gap = answer::unfit(Unfit::Gap { expected: 3 });
    assert_eq!((gap.slug, gap.status.as_u16()), ("sequence-gap", 409));
    assert_eq!(gap.detail, "The next batch of this source has seq 3.");
    for (unfit, slug) in [
        (
            Unfit::ChainBroken {
                expected: Hash::NONE,
            },
            "chain-broken",
        ),
        (Unfit::Taken { expected: 2 }, "conflict"),
        (Unfit::TooMany, "conflict"),
        (Unfit::Older { newest: Millis(0) }, "older-batch"),
    ] {
        let problem = answer::unfit(unfit);
        assert_eq!((problem.slug, problem.status.as_u16()), (slug, 409));
    }
}

#[test]
fn each_part_is_checked_against_its_hash() {
    let content = b"{}";
    let manifest = json!({
        "source": "court", "batch_id": "b", "seq": 1, "prev_sha256": null,
        "as_of": "2026-01-31T01:00:00Z", "rows": 1, "parts": 1,
        "sha256": "00".repeat(32), "part_sha256": [Hash(secret::sha256(content))],
    });
    let mut batch = Batch {
        signed_form: manifest.to_string(),
        signature: None,
        manifest_sha256: manifest_hash(b""),
        manifest: serde_json::from_value(manifest).unwrap(),
        received_at: Millis(0),
        state: BatchState::Received,
        detail: None,
        parts: Default::default(),
        shards: 0,
        done: Default::default(),
        with_rejected: Default::default(),
        counts: Default::default(),
        applied_at: None,
    };
    assert!(check_part(&batch, 1, content).is_ok());
    for (part, content) in [(1, b"[]".as_slice()), (0, content), (2, content)] {
        let problem = check_part(&batch, part, content).unwrap_err();
        assert_eq!(problem.slug, "invalid");
    }
    batch.manifest.part_sha256 = None;
    assert!(
        check_part(&batch, 1, b"anything").is_ok(),
        "announced long ago"
    );
}

#[test]
fn what_is_wrong_with_rows_is_said_in_the_language_of_who_asks() {
    let worker = json!({ "id_number": "110105194912310021" });
    let row = json!({ "worker": worker, "section": "tax", "state": "clear", "as_of": 1, "a": 1 });
    let rules = RowRules::new(&[], &CreditRules::default(), Millis(0));
    let rejected = rules.parse(7, row.to_string().as_bytes()).unwrap_err();
    for (languages, detail) in [
        ("en, zh;q=0.5", rejected.detail.as_str()),
        (
            "zh-CN",
            "含有未知字段；worker.id_number 的校验位有误；请与证件核对；section 不是九项之一；as_of 必须是带时区的 RFC 3339 时间",
        ),
    ] {
        assert_eq!(spoken(&rejected.detail, languages), detail);
    }
}
