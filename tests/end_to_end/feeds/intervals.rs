//! What a source says one after another, and what that comes to at a moment.

use super::*;

const DAY: Duration = Duration::from_secs(86_400);
const INSURANCE: Section = Section::PersonalInsurance;

/// A row of an insurance that holds from one day to another, counted from `now`.
fn policy(worker: &Hired, as_of: Millis, now: Millis, from: i64, until: i64) -> Value {
    let day = |days: i64| Millis(now.0 + days * 86_400_000).to_rfc3339();
    json!({
        "worker": { "id_number": worker.id_number },
        "section": INSURANCE,
        "state": "clear",
        "as_of": as_of.to_rfc3339(),
        "valid_from": day(from),
        "valid_until": day(until),
        "reference": format!("P-{from}"),
    })
}

impl Court {
    async fn state(&self, worker: &Hired, section: Section, at: Millis) -> SectionState {
        let sections = self.sections(worker).await;
        sections.view(section, at, &CreditRules::default()).state
    }

    /// Sends a batch after `before`, and answers what became of its rows: applied, unchanged, rejected.
    async fn say(&self, before: Option<&Batch>, rows: &[Value]) -> (Batch, [u64; 3]) {
        let batch = self.batch(before, rows, 1);
        self.send(&batch).await;
        let standing = self.applied(&batch).await;
        let counts = ["applied", "unchanged", "rejected_total"];
        let counts = counts.map(|field| standing[field].as_u64().expect("a number"));
        (batch, counts)
    }
}

#[tokio::test]
async fn a_renewal_announced_early_leaves_her_insured_until_it_begins() {
    let court = Court::with(2).await;
    let [ann, bea] = &court.workers[..] else {
        panic!("two workers")
    };
    let now = court.now();
    let this_year = policy(ann, now - DAY, now, -100, 20);
    let (first, counts) = court.say(None, std::slice::from_ref(&this_year)).await;
    assert_eq!(counts, [1, 0, 0]);
    let renewal = policy(ann, now, now, 20, 385);
    // Of another worker both come at once.
    let both = [
        policy(bea, now, now, 20, 385),
        policy(bea, now, now, -100, 20),
    ];
    let rows = [vec![renewal], both.to_vec()].concat();
    let (second, counts) = court.say(Some(&first), &rows).await;
    assert_eq!(counts, [3, 0, 0]);
    for worker in [ann, bea] {
        for (days, state) in [
            (1, SectionState::Clear),
            (20, SectionState::Clear),
            (384, SectionState::Clear),
            (385, SectionState::Expired),
        ] {
            let at = now + DAY * days;
            assert_eq!(
                court.state(worker, INSURANCE, at).await,
                state,
                "day {days}"
            );
        }
    }
    // Word for word again, and once more what is older: nothing new.
    let rows = [rows, vec![this_year]].concat();
    let (third, counts) = court.say(Some(&second), &rows).await;
    assert_eq!(counts, [0, 4, 0]);
    assert_eq!(court.events(ann).await.len(), 2);
    // More than can be kept is told by its lines.
    let later: Vec<Value> = (0..9)
        .map(|n| policy(ann, now, now, 400 + n, 401 + n))
        .collect();
    let (_, counts) = court.say(Some(&third), &later).await;
    assert_eq!(counts, [6, 0, 3]);
}

#[tokio::test]
async fn a_correction_as_of_the_same_moment_counts() {
    let court = Court::with(1).await;
    let worker = &court.workers[0];
    let clear = court.row(worker, Section::Dishonesty, HOUR);
    let mut flagged = clear.clone();
    flagged["state"] = json!("flagged");
    let mut last = None;
    for (row, state) in [
        (&clear, SectionState::Clear),
        (&flagged, SectionState::Flagged),
        (&clear, SectionState::Clear),
    ] {
        let (batch, counts) = court.say(last.as_ref(), std::slice::from_ref(row)).await;
        assert_eq!(counts, [1, 0, 0]);
        let now = court.now();
        assert_eq!(court.state(worker, Section::Dishonesty, now).await, state);
        last = Some(batch);
    }
    // A policy's number can be corrected too.
    let now = court.now();
    let mut policy = policy(worker, now - HOUR, now, 0, 9);
    for number in ["P-2026-0017", "P-2026-0071"] {
        policy["reference"] = json!(number);
        let (batch, counts) = court.say(last.as_ref(), &[policy.clone()]).await;
        assert_eq!(counts, [1, 0, 0]);
        last = Some(batch);
    }
    let events = court.events(worker).await;
    let numbers: Vec<&Value> = events
        .iter()
        .map(|e| &e["sections"][0]["reference"])
        .collect();
    assert_eq!(numbers[3..], [&json!("P-2026-0017"), &json!("P-2026-0071")]);
}

#[tokio::test]
async fn a_visit_may_begin_under_one_policy_and_end_under_the_next() {
    let court = Court::with(0).await;
    let world = &court.world;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let worker = world.cleared_worker(&agency, &["cleaning"]).await;
    let desk = world.desk(&agency).await;
    let customer = world.customer("demo-customer-1").await;
    let now = court.now();
    let mut order = world.cleaning(CENTRE);
    order["start_at"] = json!((now + DAY - HOUR / 2).to_rfc3339());
    let order = world.place(&customer, &order).await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let offer = world.offer(&desk, id).await;
    let token = offer["claim_token"].as_str().expect("a token");
    world.grab(&desk, id, token).await.expect(200);
    let path = format!("/v1/orders/{id}/staff");
    let staff = || {
        let staff = world.call("POST", &path).token(&desk);
        staff.json(&json!({ "worker_id": worker.id })).send()
    };
    // The source of everything else takes its insurance back, and this one insures her until the middle of the visit.
    let taken_back = crate::workforce::entry(domain::credit::Recorded::Unknown, now);
    world.record(&worker.id, INSURANCE, taken_back).await;
    let (first, _) = court.say(None, &[policy(&worker, now, now, 0, 1)]).await;
    let told = staff().await.expect_problem(422, "worker-not-eligible");
    assert_eq!(told["reasons"][0]["section"], "personal_insurance");
    assert_eq!(told["reasons"][0]["state"], "expired");
    court
        .say(Some(&first), &[policy(&worker, now, now, 1, 9)])
        .await;
    staff().await.expect(200);
}
