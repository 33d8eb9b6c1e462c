//! Nothing lost: each function is cut off after its n-th AWS call (the call was made, its answer is lost, the process is
//! gone), for every n, while messages also come twice. Every order that was answered `201` still ends claimed, cancelled or
//! unfilled, with one claim per epoch at most.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::id::WorkerId;
use domain::worker::Worker;
use local::platform::Options;
use serde_json::{Value, json};
use store::Calendars;

use crate::http::Answer;
use crate::operator::Operator;
use crate::papers::pdf;
use crate::staffing::insist;
use crate::workforce::{Hired, all_clear};
use crate::world::{Agency, CENTRE, World, decision_on, moved, registration};

/// What happens to an order after it has been placed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Story {
    Grabbed,
    Released,
    Unstaffed,
    LeftAlone,
    Cancelled,
    NobodyNear,
}

struct Stage {
    world: World,
    agencies: Vec<Agency>,
    workers: Vec<Hired>,
}

impl Stage {
    /// Without caps, since a story may be played many times.
    async fn set(story: Story) -> Stage {
        let world = World::with(Options {
            caps: false,
            ..Options::default()
        })
        .await;
        let (mut agencies, mut workers) = (Vec::new(), Vec::new());
        if story != Story::NobodyNear {
            for east in [0.0, 400.0, 800.0] {
                let agency = world
                    .agency(&["cleaning"], &[moved(CENTRE, 0.0, east)])
                    .await;
                workers.push(world.cleared_worker(&agency, &["cleaning"]).await);
                agencies.push(agency);
            }
        }
        Stage {
            world,
            agencies,
            workers,
        }
    }

    /// Some of what is recorded of workers holds for a day, and the clock moves with each story.
    async fn renew_records(&self) {
        let now = self.world.now();
        for worker in &self.workers {
            let renew = |worker: &mut Worker| worker.sections = all_clear(now);
            self.world.change_worker(&worker.id, renew).await;
        }
    }

    /// Sends a request again, with the same key, until it is answered by anything but a failure.
    async fn insist<F>(&self, request: impl Fn() -> F) -> Answer
    where
        F: Future<Output = Result<Answer, reqwest::Error>>,
    {
        for _ in 0..5 {
            match request().await {
                Ok(answer) if answer.status < 500 => return answer,
                _ => self.world.advance(Duration::from_secs(1)).await,
            }
        }
        panic!("no answer after five tries");
    }

    /// Leaves nothing of an order to happen, and nothing of it in the agencies' queues.
    async fn clear(&self, id: &str) {
        let world = &self.world;
        let customer = world.customer("demo-customer-1").await;
        let call = world.call("POST", &format!("/v1/orders/{id}/cancel"));
        let call = call.token(&customer).json(&json!({ "reason": "over" }));
        // One that is unfilled is over already.
        let status = call.send().await.status;
        assert!([200, 409].contains(&status), "{status}");
        let operator = Operator::of(world).await;
        operator.delete_schedules(world).await;
        // A queue keeps a message back for 15 minutes at most.
        world.advance(Duration::from_secs(901)).await;
        operator.delete_schedules(world).await;
        for agency in &self.agencies {
            let desk = world.desk(agency).await;
            world.all_offers(&desk).await;
        }
    }

    async fn play(&self, story: Story) -> String {
        let world = &self.world;
        let customer = world.customer("demo-customer-1").await;
        let order = world.cleaning(CENTRE);
        let key = format!("order-{}", world.unique());
        let placed = self
            .insist(|| {
                world
                    .call("POST", "/v1/orders")
                    .token(&customer)
                    .key(&key)
                    .json(&order)
                    .try_send()
            })
            .await
            .expect(201);
        let id = placed["order_id"].as_str().expect("an id").to_owned();
        world.drain().await;
        // A fan-out that was cut off is repeated when its message is visible again.
        world.advance(Duration::from_secs(65)).await;
        match story {
            Story::Grabbed => self.grab(&id).await,
            Story::Unstaffed => {
                self.grab(&id).await;
                // The grab window, the staffing window, and twice the time until a cut-off message comes again.
                for seconds in [180, 31 * 60, 61, 61] {
                    world.advance(Duration::from_secs(seconds)).await;
                }
            }
            Story::Released => {
                self.grab(&id).await;
                self.release(&id).await;
            }
            Story::Cancelled => {
                let path = format!("/v1/orders/{id}/cancel");
                let reason = json!({ "reason": "not needed" });
                let answer = self
                    .insist(|| {
                        world
                            .call("POST", &path)
                            .token(&customer)
                            .json(&reason)
                            .try_send()
                    })
                    .await;
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
            Story::LeftAlone | Story::NobodyNear => {}
        }
        id
    }

    async fn grab(&self, id: &str) {
        let world = &self.world;
        let desk = world.desk(&self.agencies[0]).await;
        let mut found = None;
        for _ in 0..3 {
            let answer = self
                .insist(|| world.call("GET", "/v1/offers").token(&desk).try_send())
                .await;
            let offers = answer.expect(200)["offers"]
                .as_array()
                .expect("offers")
                .clone();
            found = offers.into_iter().find(|offer| offer["order_id"] == id);
            if found.is_some() {
                break;
            }
            // Messages that a cut-off poll had received come again after 30 s.
            world.advance(Duration::from_secs(31)).await;
        }
        let offer = found.expect("the offer");
        let body = json!({ "claim_token": offer["claim_token"] });
        let path = format!("/v1/orders/{id}/grab");
        self.insist(|| {
            world
                .call("POST", &path)
                .token(&desk)
                .json(&body)
                .try_send()
        })
        .await
        .expect(200);
    }

    async fn release(&self, id: &str) {
        let world = &self.world;
        let desk = world.desk(&self.agencies[0]).await;
        let path = format!("/v1/orders/{id}/release");
        let reason = json!({ "reason": "no worker free" });
        self.insist(|| {
            world
                .call("POST", &path)
                .token(&desk)
                .json(&reason)
                .try_send()
        })
        .await
        .expect(200);
    }

    /// Lets enough time pass for everything that was cut off to be tried again.
    async fn settle(&self, id: &str, until: &[&str]) -> Value {
        let mut seen = Value::Null;
        for _ in 0..20 {
            let customer = self.world.customer("demo-customer-1").await;
            seen = self.world.order_in_trouble(&customer, id).await;
            if until.contains(&seen["status"].as_str().unwrap_or_default()) {
                return seen;
            }
            self.world.advance(Duration::from_secs(31)).await;
        }
        panic!("{id} never came to rest: {seen}");
    }
}

fn check(seen: &Value, story: Story, case: &str) {
    let mut claims: BTreeMap<u64, usize> = BTreeMap::new();
    for line in seen["timeline"].as_array().expect("lines") {
        if line["what"] == "claimed" {
            *claims
                .entry(line["epoch"].as_u64().expect("an epoch"))
                .or_default() += 1;
        }
    }
    assert!(
        claims.values().all(|n| *n == 1),
        "{case}: one claim per epoch: {}",
        seen["timeline"]
    );
    let status = seen["status"].as_str().expect("a status");
    match story {
        Story::Grabbed => assert_eq!(
            (status, &seen["claim"]["how"]),
            ("claimed", &json!("grab")),
            "{case}"
        ),
        Story::Released | Story::Unstaffed => {
            assert_eq!(
                (status, seen["epoch"].as_u64()),
                ("claimed", Some(2)),
                "{case}"
            );
        }
        Story::LeftAlone => {
            assert_eq!(
                (status, &seen["claim"]["how"]),
                ("claimed", &json!("assignment")),
                "{case}"
            );
        }
        Story::Cancelled => assert_eq!(status, "cancelled", "{case}"),
        Story::NobodyNear => assert_eq!(status, "unfilled", "{case}"),
    }
}

/// Plays the story with `function` cut off after its n-th call, for n = 1, 2, … until no n-th call is made any more. All on one
/// platform, on which nothing is left of an order before the next is placed.
async fn cut_everywhere(function: &str, story: Story) {
    let stage = Stage::set(story).await;
    let wire = stage.world.platform.wire().clone();
    let operator = Operator::of(&stage.world).await;
    for n in 1.. {
        assert!(n < 60, "{function} makes too many calls for one event");
        let case = format!("{function} cut off after call {n}, {story:?}");
        stage.renew_records().await;
        wire.cut_after(function, n);
        let id = stage.play(story).await;
        // At least once may mean twice.
        operator.repeat_timer(&stage.world, &id, 1).await;
        let until = match story {
            Story::Cancelled => ["cancelled"].as_slice(),
            _ => ["claimed", "unfilled"].as_slice(),
        };
        let seen = stage.settle(&id, until).await;
        check(&seen, story, &case);
        if story == Story::Grabbed {
            // A stream whose consumer was cut off comes again.
            stage.world.advance(Duration::from_secs(60)).await;
            let desk = stage.world.desk(&stage.agencies[0]).await;
            let deeds = stage.world.deeds(&desk, "").await;
            let of_it = deeds.iter().filter(|deed| deed["about"] == *id);
            let what: Vec<&Value> = of_it.map(|deed| &deed["what"]).collect();
            assert_eq!(what, ["claimed"], "{case}");
        }
        if wire.take_cuts().is_empty() {
            assert!(n > 1, "{function} was never called in {story:?}");
            stage.world.platform.shutdown().await;
            return;
        }
        stage.clear(&id).await;
    }
}

macro_rules! cut_off {
    ($($name:ident: $function:literal, $story:ident;)+) => {$(
        #[tokio::test]
        async fn $name() {
            cut_everywhere($function, Story::$story).await;
        }
    )+};
}

cut_off! {
    placing_cut_off_anywhere: "order-intake", LeftAlone;
    cancelling_cut_off_anywhere: "order-intake", Cancelled;
    fan_out_cut_off_anywhere: "agency-fanout", Grabbed;
    grabbing_cut_off_anywhere: "order-grab", Grabbed;
    releasing_cut_off_anywhere: "order-grab", Released;
    polling_cut_off_anywhere: "offer-queue", Grabbed;
    assigning_cut_off_anywhere: "auto-assign", LeftAlone;
    ending_unfilled_cut_off_anywhere: "auto-assign", NobodyNear;
    assigning_a_released_order_cut_off_anywhere: "auto-assign", Released;
    missed_staffing_cut_off_anywhere: "auto-assign", Unstaffed;
    events_cut_off_anywhere: "order-events", Grabbed;
}

#[tokio::test]
async fn registering_and_opening_a_session_cut_off_anywhere() {
    for function in ["registry", "sessions"] {
        for n in 1.. {
            assert!(n < 20, "{function} makes too many calls for one event");
            let stage = Stage {
                world: World::empty().await,
                agencies: Vec::new(),
                workers: Vec::new(),
            };
            let world = &stage.world;
            let wire = world.platform.wire().clone();
            wire.cut_after(function, n);
            let body = registration(u64::from(n), &["cleaning"], &[CENTRE]);
            let register = || {
                world
                    .call("POST", "/v1/agencies")
                    .key("a-registration-key-that-is-sent-again")
                    .json(&body)
                    .try_send()
            };
            let first = stage.insist(register).await.expect(201);
            let again = stage.insist(register).await.expect(201);
            assert_eq!(first, again, "{function} cut after {n}");
            let credentials =
                json!({ "access_key": first["access_key"], "secret": first["secret"] });
            let session = || {
                world
                    .call("POST", "/v1/sessions/agency")
                    .json(&credentials)
                    .try_send()
            };
            stage.insist(session).await.expect(200);
            let happened = !wire.take_cuts().is_empty();
            stage.world.platform.shutdown().await;
            if !happened {
                assert!(n > 1, "{function} was never called");
                break;
            }
        }
    }
}

#[tokio::test]
async fn bringing_a_paper_cut_off_anywhere() {
    for n in 1.. {
        assert!(n < 30, "papers makes too many calls");
        let world = World::empty().await;
        let agency = world.register(&["cleaning"], &[CENTRE]).await;
        // One that is replaced, and old enough to be deleted on the way.
        let desk = world.desk(&agency).await;
        let replaced = [pdf("first"), pdf("second")];
        for content in &replaced {
            let brought = world.bring(&desk, "business_licence", content).await;
            brought.expect(200);
            world.skip(Duration::from_secs(1));
        }
        world.skip(Duration::from_secs(86_400));
        let stage = Stage {
            world,
            agencies: vec![agency.clone()],
            workers: vec![],
        };
        let world = &stage.world;
        let desk = world.desk(&agency).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("papers", n);
        let (path, content) = ("/v1/papers/business_licence", pdf("third"));
        let bring = || {
            let call = world.call("PUT", path).token(&desk);
            call.raw("application/pdf", content.clone()).try_send()
        };
        let brought = stage.insist(bring).await.expect(200);
        assert_eq!(brought["version"], 4, "papers cut after {n}");
        let happened = !wire.take_cuts().is_empty();
        // Only bringing it is cut off.
        wire.cut_after("papers", u32::MAX);
        assert!(world.download(&desk, path).await.2 == content);
        let deeds = world.deeds(&desk, "").await;
        assert_eq!(deeds.len(), 3, "papers cut after {n}: {deeds:?}");
        // What is left of a try that was cut off goes with the next paper.
        world.skip(Duration::from_secs(86_410));
        let desk = world.desk(&agency).await;
        let next = world.bring(&desk, "human_resources_permit", &content).await;
        next.expect(200);
        assert_eq!(
            world.stored_papers(&agency).await.len(),
            2,
            "papers cut after {n}"
        );
        stage.world.platform.shutdown().await;
        if !happened {
            assert!(n > 4, "papers was cut off {} times", n - 1);
            return;
        }
    }
}

#[tokio::test]
async fn a_timer_among_the_dead_letters_settles_its_order_wherever_that_is_cut_off() {
    for n in 1.. {
        assert!(n < 20, "dead-letters makes too many calls for one event");
        let world = World::empty().await;
        let agency = world.agency(&["cleaning"], &[CENTRE]).await;
        world.cleared_worker(&agency, &["cleaning"]).await;
        let customer = world.customer("demo-customer-1").await;
        let order = world.place(&customer, &world.cleaning(CENTRE)).await;
        world.drain().await;
        let operator = Operator::of(&world).await;
        operator.lose_schedules(&world).await;
        let wire = world.platform.wire().clone();
        wire.cut_after("dead-letters", n);
        world.skip(Duration::from_secs(180));
        operator.bury_timer(&world, &order).await;
        world.drain().await;
        // It goes back with a delay of 15 s; a dead letter whose handling was cut off is visible again after a minute.
        for seconds in [16, 61, 16] {
            world.advance(Duration::from_secs(seconds)).await;
        }
        // This is the first read since the deadline, so it was not a read that had the order settled.
        let id = order["order_id"].as_str().expect("an id");
        let seen = world.order(&customer, id).await;
        check(
            &seen,
            Story::LeftAlone,
            &format!("dead-letters cut after {n}"),
        );
        let happened = !wire.take_cuts().is_empty();
        world.platform.shutdown().await;
        if !happened {
            assert!(n > 1, "dead-letters was never called");
            return;
        }
    }
}

#[tokio::test]
async fn approval_and_suspension_cut_off_anywhere_take_effect_all_the_same() {
    for function in ["review", "directory-projection"] {
        let stage = Stage::set(Story::NobodyNear).await;
        let world = &stage.world;
        let wire = world.platform.wire().clone();
        for n in 1.. {
            assert!(n < 80, "{function} makes too many calls for one event");
            wire.cut_after(function, n);
            let agency = world.register(&["cleaning"], &[CENTRE]).await;
            let own = std::slice::from_ref(&agency);
            let decide = async |decision: &'static str| {
                let authority = world.authority().await;
                let path = format!("/v1/agencies/{}/reviews", agency.id);
                let body = decision_on(&json!(1), decision);
                stage
                    .insist(|| {
                        world
                            .call("POST", &path)
                            .token(&authority)
                            .json(&body)
                            .try_send()
                    })
                    .await
                    .expect(200);
                world.advance(Duration::from_secs(5)).await;
            };
            decide("approve").await;
            let customer = world.customer("demo-customer-1").await;
            let order = world.place(&customer, &world.cleaning(CENTRE)).await;
            world.drain().await;
            let id = order["order_id"].as_str().expect("an id");
            assert_eq!(
                world.offered(own, id).await.len(),
                1,
                "{function} cut after {n}"
            );
            decide("suspend").await;
            let unheard = world.place(&customer, &world.cleaning(CENTRE)).await;
            world.drain().await;
            decide("reinstate").await;
            let id = unheard["order_id"].as_str().expect("an id");
            assert!(
                world.offered(own, id).await.is_empty(),
                "{function} cut after {n}"
            );
            if wire.take_cuts().is_empty() {
                assert!(n > 1);
                break;
            }
        }
        stage.world.platform.shutdown().await;
    }
}

#[tokio::test]
async fn every_change_of_an_order_reaches_the_archive_in_order_and_without_a_gap() {
    for n in 0..3 {
        let stage = Stage::set(Story::Released).await;
        if n > 0 {
            stage.world.platform.wire().cut_after("order-events", n);
        }
        let id = stage.play(Story::Released).await;
        stage.settle(&id, &["claimed"]).await;
        stage.world.advance(Duration::from_secs(60)).await;
        let operator = Operator::of(&stage.world).await;
        let mut versions: Vec<u64> = operator
            .archived(&stage.world)
            .await
            .iter()
            .filter(|event| event["detail"]["order_id"] == id.as_str())
            .map(|event| event["detail"]["version"].as_u64().expect("a version"))
            .collect();
        let received = versions.len();
        versions.sort_unstable();
        versions.dedup();
        let last = *versions.last().expect("some event");
        assert_eq!(
            versions,
            (1..=last).collect::<Vec<_>>(),
            "no version is missing"
        );
        assert!(
            n > 0 || received == versions.len(),
            "without a crash none comes twice"
        );
    }
}

#[tokio::test]
async fn what_is_said_of_a_worker_s_hours_cut_off_anywhere_is_said_once() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let calendars = Calendars::new(&world.platform.operator_settings());
    let wire = world.platform.wire().clone();
    let monday = json!([{ "day": "monday", "from": "08:00", "until": "18:00" }]);
    let said = json!({ "hours": monday, "leave": [], "version": 0 });
    for n in 1.. {
        assert!(n < 20, "workers makes too many calls for this");
        let worker = world.cleared_worker(&agency, &["cleaning"]).await;
        let path = format!("/v1/workers/{}/availability", worker.id);
        wire.cut_after("workers", n);
        let say = || world.call("PUT", &path).token(&desk).json(&said).try_send();
        let answer = insist(&world, say).await.expect(200);
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("workers", 1_000);
        assert_eq!(answer["hours"], said["hours"], "cut after {n}");
        let id: WorkerId = worker.id.parse().expect("a worker");
        let kept = calendars.get(&id).await.expect("the table answers");
        assert_eq!(kept.availability.version, 1, "cut after {n}");
        let mut deeds = world.deeds(&desk, "").await;
        deeds.retain(|deed| deed["about"] == *worker.id);
        let what: Vec<&Value> = deeds.iter().map(|deed| &deed["what"]).collect();
        assert_eq!(what, ["availability_set"], "cut after {n}");
        if !happened {
            assert!(n > 1, "workers was never called");
            return;
        }
    }
}

#[tokio::test]
async fn no_authority_sees_a_card_without_a_line_of_it_wherever_that_is_cut_off() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let authority = world.authority().await;
    let wire = world.platform.wire().clone();
    for n in 1.. {
        assert!(n < 20, "badge-issue makes too many calls for a card");
        let worker = world.cleared_worker(&agency, &["cleaning"]).await;
        let badge = world.badge_for(&desk, &json!(worker.id)).await;
        let card = format!(
            "{}/v1/badges/{}/card.svg?purpose=check",
            world.platform.base_url(),
            badge["badge_id"].as_str().expect("an id")
        );
        wire.cut_after("badge-issue", n);
        let mut asked = 0;
        loop {
            asked += 1;
            let answer = world.client.get(&card).bearer_auth(&authority).send().await;
            match answer {
                Ok(answer) if answer.status() == 200 => break,
                _ => assert!(asked < 3, "no card, cut after {n}"),
            }
        }
        let happened = !wire.take_cuts().is_empty();
        wire.cut_after("badge-issue", 1_000);
        assert_eq!(asked, 1 + usize::from(happened), "cut after {n}");
        let id: WorkerId = worker.id.parse().expect("a worker");
        let workers = world.workers();
        let file = workers.open(&id).await.expect("the table answers");
        let file = file.expect("a worker");
        let looks = workers.views(&file, 10, None).await;
        let looks = looks.expect("the table answers").items;
        // The card of a request that was cut off may have been on its way, and has a line of its own.
        let is_right = (1..=asked).contains(&looks.len());
        assert!(is_right, "{} looks, cut after {n}", looks.len());
        for look in looks {
            assert_eq!(look.purpose.as_deref(), Some("check"), "cut after {n}");
        }
        if !happened {
            assert!(n > 1, "badge-issue was never called");
            return;
        }
    }
}
