//! The same platform on `ministack`, an emulator that shares no code with our own cloud: what passes on both does not pass
//! because of a misunderstanding of ours that sits in tests and emulation alike. What it cannot check, and where the two
//! disagree: `infra/docs/decisions/independent-emulator.md`.
//!
//! One test starts it and runs, against it, the part of the suite that it can run: what needs no clock that can be moved, no
//! roles that are checked and no functions that are cut off. The tests here that are marked `ignore` belong to that part alone.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local::platform::Options;
use serde_json::{Value, json};

use crate::fanout::{self, Scatter};
use crate::grabbing;
use crate::operator::Operator;
use crate::polling;
use crate::programs::not_checked;
use crate::world::{CENTRE, World, moved};

/// All tests of these modules run there, but for [`NOT_THERE`].
const MODULES: [&str; 7] = [
    "bad_input::",
    "deadlines::",
    "fanout::",
    "grabbing::",
    "independent::",
    "orders::",
    "suspension::",
];

/// What does not run there: most of it because the time of another cloud cannot be moved.
const NOT_THERE: [&str; 13] = [
    "deadlines::a_claim_that_nobody_staffs_goes_on_offer_again_until_nothing_is_left",
    "deadlines::a_grab_one_instant_after_the_deadline_is_refused_even_if_no_timer_has_fired",
    "deadlines::an_order_that_nobody_grabs_is_assigned_and_the_agency_is_told",
    "deadlines::nobody_in_range_after_widening_leaves_the_order_unfilled",
    "deadlines::timers_that_fire_twice_early_or_late_change_nothing",
    "deadlines::with_its_schedule_lost_a_read_gets_the_order_settled",
    "grabbing::grabs_against_the_deadline_and_the_customers_cancel_end_in_one_state",
    "orders::a_cancelled_order_is_off_offer_and_stays_cancelled",
    "suspension::a_suspended_agency_is_not_assigned_either",
    // Of these a smaller one is below: Python takes its time.
    "fanout::the_set_offered_equals_brute_force_over_all_stores",
    "grabbing::of_300_agencies_that_grab_at_once_exactly_one_wins",
    // Themselves.
    "independent::the_part_of_the_suite_that_another_cloud_can_run_passes_there",
    "independent::what_another_cloud_cannot_run_is_named",
];

/// The shortest that a local run takes.
const WINDOW: Duration = Duration::from_secs(5);
/// Its scheduler fires by a tick of 10 s.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(200);
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const ALL_WITHIN: Duration = Duration::from_secs(300);
const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/ministack.sh");

/// A running emulator, ended when this is dropped.
struct Ministack {
    process: Child,
    url: String,
}

impl Ministack {
    /// Starts it on a free port, or says loudly that it is not there.
    async fn start() -> Option<Ministack> {
        let found = Command::new(TOOL).arg("find").output().expect("a shell");
        if !found.status.success() {
            let why = String::from_utf8_lossy(&found.stderr);
            not_checked(&format!("the platform on another cloud than ours: {why}"));
            return None;
        }
        let program = String::from_utf8(found.stdout).expect("a path");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        // It listens on every address unless told otherwise, and its MQTT whatever it is told.
        let process = Command::new(program.trim())
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("IOT_MTLS_ENABLED", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ministack starts");
        let url = format!("http://127.0.0.1:{port}");
        let mut started = Ministack { process, url };
        let until = Instant::now() + STARTS_WITHIN;
        let health = format!("{}/_ministack/health", started.url);
        while reqwest::get(&health).await.is_err() {
            let ended = started.process.try_wait().expect("a child");
            assert!(
                ended.is_none() && Instant::now() < until,
                "ministack does not come up"
            );
            tokio::time::sleep(LOOK).await;
        }
        Some(started)
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The names of all tests of this program.
fn all_tests() -> Vec<String> {
    let program = std::env::current_exe().expect("this program's path");
    let listed = Command::new(program)
        .arg("--list")
        .output()
        .expect("a list");
    let listed = String::from_utf8(listed.stdout).expect("names");
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

#[test]
fn what_another_cloud_cannot_run_is_named() {
    let all = all_tests();
    for name in NOT_THERE {
        assert!(
            all.iter().any(|test| test == name),
            "there is no test {name}"
        );
    }
}

#[tokio::test]
async fn the_part_of_the_suite_that_another_cloud_can_run_passes_there() {
    let Some(ministack) = Ministack::start().await else {
        return;
    };
    let tests: Vec<String> = all_tests()
        .into_iter()
        .filter(|test| MODULES.iter().any(|module| test.starts_with(module)))
        .filter(|test| !NOT_THERE.contains(&test.as_str()))
        .collect();
    let run = tokio::process::Command::new(std::env::current_exe().expect("this program's path"))
        .args(["--exact", "--include-ignored", "--test-threads", "4"])
        .args(&tests)
        .env("HOMEHAIL_CLOUD", &ministack.url)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(ALL_WITHIN, run)
        .await
        .expect("it ends")
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let passed = format!("ok. {} passed; 0 failed; 0 ignored", tests.len());
    assert!(told.contains(&passed), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "smaller than the suite's own, for another cloud"]
async fn of_60_agencies_that_grab_at_once_exactly_one_wins() {
    grabbing::exactly_one_wins(60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "smaller than the suite's own, for another cloud"]
async fn the_set_offered_equals_brute_force() {
    fanout::offered_equals_brute_force((45.703_125, 126.562_5), Scatter(8), 18, 3).await;
}

/// A platform whose orders are on offer for a few seconds of real time.
async fn hasty() -> World {
    World::with(Options {
        grab_window: WINDOW,
        ..Options::default()
    })
    .await
}

#[tokio::test]
#[ignore = "waits for real time, for another cloud"]
async fn the_other_clouds_scheduler_gets_an_order_settled_at_its_deadline() {
    let world = hasty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    world.cleared_worker(&agency, &["cleaning"]).await;
    let desk = world.desk(&agency).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    // Nobody reads the order meanwhile, because a read would get it settled too.
    let until = Instant::now() + SETTLED_WITHIN;
    let assigned = loop {
        let mut offers = world.poll(&desk).await;
        offers.retain(|offer| offer["kind"] == "assigned");
        if let Some(offer) = offers.pop() {
            break offer;
        }
        assert!(Instant::now() < until, "not settled");
        tokio::time::sleep(LOOK).await;
    };
    assert_eq!(assigned["order_id"], id);
    let seen = world.order(&customer, id).await;
    assert_eq!(seen["claim"]["how"], "assignment");
    assert_eq!(seen["claim"]["agency_id"], agency.id.as_str());
    assert!(
        seen["claim"]["at"].as_str() >= order["grab_deadline"].as_str(),
        "not before the deadline: {seen}"
    );
    let kept = world.order(&world.authority().await, id).await;
    assert_eq!(kept["explanation"]["winner"], agency.id.as_str());
}

#[tokio::test]
#[ignore = "waits for real time, for another cloud"]
async fn with_its_schedule_lost_there_a_read_gets_the_order_settled() {
    let world = hasty().await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    Operator::of(&world).await.lose_schedules(&world).await;
    let until = Instant::now() + SETTLED_WITHIN;
    let mut was_settling = false;
    loop {
        let seen = world.order(&customer, id).await;
        was_settling |= seen["settling"] == true;
        if seen["status"] != "open" {
            assert_eq!(seen["status"], "unfilled", "nobody is there to serve it");
            break;
        }
        assert!(Instant::now() < until, "not settled: {seen}");
        tokio::time::sleep(LOOK).await;
    }
    assert!(was_settling, "a read said that it is being settled");
}

#[tokio::test]
#[ignore = "without what the other cloud does not check, for another cloud"]
async fn temporary_keys_of_the_other_cloud_open_the_agencys_queue() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let access = polling::access(&world, &agency).await;
    let sqs = polling::client(&access);
    let url = access["queue_url"].as_str().expect("a url");
    let received = sqs.receive_message().queue_url(url).wait_time_seconds(5);
    let received = received.send().await.expect("received");
    let message = &received.messages()[0];
    let offer: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
    assert_eq!(offer["order_id"], id);
    let token = offer["claim_token"].as_str().expect("a token");
    let desk = world.desk(&agency).await;
    world.grab(&desk, id, token).await.expect(200);
    sqs.delete_message()
        .queue_url(url)
        .receipt_handle(message.receipt_handle().expect("a receipt"))
        .send()
        .await
        .expect("acknowledged");
    assert!(world.poll(&desk).await.is_empty());
}

#[tokio::test]
#[ignore = "without crashes, for another cloud"]
async fn every_version_of_an_order_reaches_the_archive_through_the_other_clouds_stream_and_bus() {
    let world = World::empty().await;
    let first = world.agency(&["cleaning"], &[CENTRE]).await;
    world
        .agency(&["cleaning"], &[moved(CENTRE, 900.0, 0.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    let id = order["order_id"].as_str().expect("an id");
    world.drain().await;
    let desk = world.desk(&first).await;
    let offer = world.offer(&desk, id).await;
    let token = offer["claim_token"].as_str().expect("a token");
    world.grab(&desk, id, token).await.expect(200);
    for (path, token) in [("release", &desk), ("cancel", &customer)] {
        world
            .call("POST", &format!("/v1/orders/{id}/{path}"))
            .token(token)
            .json(&json!({ "reason": "no worker free" }))
            .send()
            .await
            .expect(200);
    }
    world.drain().await;
    let operator = Operator::of(&world).await;
    let mut versions = Vec::new();
    let until = Instant::now() + SETTLED_WITHIN;
    // Placed, offered, claimed, released, cancelled.
    while versions.len() < 5 {
        assert!(Instant::now() < until, "only {versions:?} arrived");
        for event in operator.archived(&world).await {
            assert_eq!(event["source"], "homehail.orders");
            assert_eq!(event["detail"]["order_id"], id);
            versions.push(event["detail"]["version"].as_u64().expect("a version"));
        }
        tokio::time::sleep(LOOK).await;
    }
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}
