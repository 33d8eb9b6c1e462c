//! What is read of a visit once it is over.

use super::*;
use crate::workers::text;
use crate::workforce::all_clear;

#[tokio::test]
async fn a_suspended_agency_reads_nothing_personal_of_past_visits() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
    assert_eq!(result(&world, &order, &badge.token).await, "match");
    world.advance(HOUR).await;
    let call = async |what: &str, body: &Value| post(&world, &order, what, body).await;
    call("complete", &json!({})).await.expect(200);
    let rating = json!({ "stars": 2, "comment": "住三单元的人写的" });
    call("rating", &rating).await.expect(200);
    let desk = world.desk(&agency).await;
    let customer = world.customer("demo-customer-1").await;
    let badges = [
        format!("/v1/badges/{}", badge.id),
        format!("/v1/badges/{}/qr.svg", badge.id),
        format!("/v1/badges/{}/qr.png", badge.id),
        format!("/v1/badges/{}/card.svg", badge.id),
        format!("/v1/workers/{}/badges", worker.id),
    ];
    let personal = ["claim", "worker", "rating", "address", "contact", "notes"];
    for (decision, sees) in [(Decision::Suspend, false), (Decision::Reinstate, true)] {
        world.stand(&agency, decision).await;
        let (own, theirs) = (
            world.order(&desk, &order.id).await,
            world.order(&customer, &order.id).await,
        );
        assert_eq!(own["status"], "rated");
        for field in personal {
            assert_eq!(!own[field].is_null(), sees, "{field}: {own}");
            assert!(!theirs[field].is_null(), "{field}: {theirs}");
        }
        for path in &badges[usize::from(sees) * 4..] {
            let answer = world.call("GET", path).token(&desk).send().await;
            if sees {
                answer.expect(200);
            } else {
                answer.expect_problem(403, "agency-not-approved");
            }
        }
    }
}

#[tokio::test]
async fn who_comes_back_after_her_data_was_erased_is_nobody_that_was_there_before() {
    let world = World::empty().await;
    let agency = agency_that_does(&world, "cleaning").await;
    let desk = world.desk(&agency).await;
    let (mut sent, worker) = world.new_worker(&desk).await;
    let id = &worker["worker_id"];
    let approved = async || {
        world.put_photo(&desk, id).await;
        world.review_worker(id, "approve").await.expect(200);
        let now = world.now();
        let change = |worker: &mut domain::worker::Worker| worker.sections = all_clear(now);
        world.change_worker(text(id), change).await;
        world.badge_for(&desk, id).await
    };
    let old = approved().await;
    let order = claimed(&world, &agency, "cleaning", HOUR).await;
    staff(&world, &order, text(id)).await.expect(200);
    assert_eq!(result(&world, &order, text(&old["token"])).await, "match");
    post(&world, &order, "complete", &json!({}))
        .await
        .expect(200);
    let authority = world.authority().await;
    let erase = format!("/v1/workers/{}/erase", text(id));
    let erase = world.call("POST", &erase).token(&authority);
    let erase = erase.json(&json!({ "reason": "she asked for it" }));
    erase.send().await.expect(200);
    world.advance(Duration::from_secs(1)).await;
    sent["name"] = json!("李毁谤");
    sent["consent"]["given_at"] = json!(world.now().to_rfc3339());
    world.send_worker(&desk, "anew", &sent).await.expect(201);

    let customer = world.customer("demo-customer-1").await;
    let unknown = async || {
        for token in [&customer, &desk, &authority] {
            let shown = world.order(token, &order.id).await["worker"].take();
            assert_eq!(
                (&shown["name"], &shown["sections"], &shown["standing"]),
                (&Value::Null, &json!([]), &json!("attention"))
            );
        }
        let page = world.call("GET", &format!("/b/{}", text(&old["token"])));
        let page = page.header("accept", "application/json").send().await;
        let page = page.expect(200);
        assert_eq!(
            (&page["result"], &page["name"]),
            (&json!("revoked"), &Value::Null)
        );
    };
    unknown().await;
    let new = approved().await;
    unknown().await;
    for badge in [&old, &new] {
        let said = result(&world, &order, text(&badge["token"])).await;
        assert_eq!(said, "revoked");
    }
}
