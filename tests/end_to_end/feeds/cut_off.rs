//! A batch is applied once, whichever call a function is cut off after.

use super::*;

/// Two batches in a row, with a bad row and an unknown worker; `function` is cut off after its n-th call.
async fn cut_after(function: &str, n: u32, padding: usize) -> bool {
    let court = Court::with(3).await;
    let stranger = json!({ "id_number": "11010519491231002X" });
    let mut rows: Vec<Value> = court
        .workers
        .iter()
        .flat_map(|worker| {
            let sections = [Section::Dishonesty, Section::Identity];
            sections.map(|section| court.row(worker, section, HOUR))
        })
        .collect();
    let mut unknown = rows[0].clone();
    unknown["worker"] = stranger;
    rows.push(unknown);
    rows.extend((0..=padding).map(|_| json!("{}")));
    let first = court.batch(None, &rows, 2);
    let newer = [court.row(&court.workers[0], Section::Dishonesty, Duration::ZERO)];
    let second = court.batch(Some(&first), &newer, 1);
    let wire = court.world.platform.wire().clone();
    wire.cut_after(function, n);
    for batch in [&first, &second] {
        insist(&court, || court.try_announce(batch)).await;
    }
    for batch in [&second, &first] {
        for part in 1..=batch.parts.len() {
            insist(&court, || court.put(batch, part)).await;
        }
    }
    court.world.drain().await;
    for _ in 0..2 {
        court.world.advance(VISIBLE_AGAIN).await;
    }
    let case = format!("{function} cut off after call {n}");
    let mut standing = court.applied(&first).await;
    assert_eq!(standing["applied"], 6, "{case}");
    assert_eq!(standing["rejected_total"], padding + 2, "{case}");
    assert_eq!(standing["rejected"][0]["line"], 7, "{case}");
    standing = court.applied(&second).await;
    assert_eq!(standing["applied"], 1, "{case}");
    for (worker, events) in court.workers.iter().zip([2, 1, 1]) {
        assert_eq!(court.events(worker).await.len(), events, "{case}");
    }
    let happened = !wire.take_cuts().is_empty();
    court.world.platform.shutdown().await;
    happened
}

async fn insist<F>(court: &Court, request: impl Fn() -> F)
where
    F: Future<Output = Result<Answer, reqwest::Error>>,
{
    for _ in 0..5 {
        match request().await {
            Ok(answer) if answer.status == 202 => return,
            Ok(answer) if answer.status < 500 => panic!("{}", answer.body),
            _ => court.world.advance(Duration::from_secs(1)).await,
        }
    }
    panic!("no answer after five tries");
}

#[tokio::test]
async fn sending_cut_off_anywhere() {
    cut_everywhere("credit-feed", 1, 0).await;
}

#[tokio::test]
async fn applying_cut_off_anywhere() {
    cut_everywhere("feed-apply", 1, 0).await;
}

#[tokio::test]
async fn applying_in_many_shards_cut_off_here_and_there() {
    // Bad rows make shards like good ones, with hardly any work: five shards are one more than are under way at once.
    cut_everywhere("feed-apply", 9, 8_500).await;
}

async fn cut_everywhere(function: &str, step: usize, padding: usize) {
    for n in (1..).step_by(step) {
        assert!(n < 200, "{function} makes too many calls for two batches");
        if !cut_after(function, n, padding).await {
            assert!(n > 1, "{function} was never called");
            return;
        }
    }
}
