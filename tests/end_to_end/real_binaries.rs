//! Each function's own binary, started as Lambda starts it, answers one real event of its kind. Other tests call the same
//! handlers in depth; this one shows that the binaries start, find their configuration and speak Lambda's protocol.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use domain::time::Millis;
use serde_json::{Value, json};

use crate::runtime_api::{Bootstrap, Outcome, RuntimeApi, binaries};
use crate::world::{CENTRE, World, registration};

/// The event in `tests/events/<name>.json`, with each `{{word}}` replaced.
fn event(name: &str, words: &BTreeMap<&str, String>) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (word, value) in words {
        text = text.replace(&format!("{{{{{word}}}}}"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What the function is given when it starts: what the template says, and where AWS is.
fn variables(world: &World, function: &str) -> BTreeMap<String, String> {
    let found = world
        .platform
        .stack()
        .functions
        .iter()
        .find(|found| found.code == function);
    let mut variables = found
        .expect("a function of the template")
        .environment
        .clone();
    let key = world.platform.operator_sdk_config();
    let aws = &world.platform.demo().aws;
    assert!(
        key.region()
            .is_some_and(|region| region.as_ref() == aws.region)
    );
    variables.extend(
        [
            ("AWS_REGION", aws.region.clone()),
            ("AWS_ACCESS_KEY_ID", aws.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", aws.secret_access_key.clone()),
            ("AWS_ENDPOINT_URL", aws.endpoints.sqs.clone()),
            ("AWS_ENDPOINT_URL_DYNAMODB", aws.endpoints.dynamodb.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    variables
}

/// Starts a function's binary, has it answer its event, and returns the answer.
async fn answer(world: &World, function: &str, words: &BTreeMap<&str, String>) -> Value {
    let api = RuntimeApi::start().await;
    let _bootstrap = Bootstrap::start(
        &binaries().join(function),
        &variables(world, function),
        &api,
    );
    match api.invoke(&event(function, words), crate::PATIENCE).await {
        Outcome::Response(answer) => answer,
        Outcome::Error(error) => panic!("{function} failed: {error}"),
    }
}

/// The body of an API Gateway answer with this status.
#[track_caller]
fn body(answer: &Value, status: u16) -> Value {
    assert_eq!(answer["statusCode"], status, "the answer was {answer}");
    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON")
}

fn words<'a>(pairs: &[(&'a str, &str)]) -> BTreeMap<&'a str, String> {
    pairs
        .iter()
        .map(|(word, value)| (*word, (*value).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_of_the_template_answers_over_the_runtime_api() {
    tokio::task::spawn_blocking(|| binaries().to_owned())
        .await
        .expect("the binaries are built");
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let authority = world.authority().await;
    let mut answered = Vec::new();
    let mut ask = async |function: &'static str, words: BTreeMap<&str, String>| {
        answered.push(function);
        answer(&world, function, &words).await
    };

    let session = ask("sessions", words(&[("code", "demo-customer-1")])).await;
    let customer = body(&session, 200)["token"]
        .as_str()
        .expect("a token")
        .to_owned();

    let registered = registration(world.unique(), &["cooking"], &[CENTRE]).to_string();
    let quoted = serde_json::to_string(&registered).expect("JSON");
    let registered = ask("registry", words(&[("body", &quoted)])).await;
    assert_eq!(body(&registered, 201)["status"], "pending");

    let waiting = body(&ask("review", words(&[("token", &authority)])).await, 200);
    assert_eq!(
        waiting["items"].as_array().map(Vec::len),
        Some(1),
        "{waiting}"
    );
    let workers = body(&ask("workers", words(&[("token", &desk)])).await, 200);
    assert_eq!(workers["items"], json!([]));
    let members = body(&ask("members", words(&[("token", &desk)])).await, 200);
    assert_eq!(members["items"][0]["role"], "owner", "{members}");
    let proposed = body(&ask("papers", words(&[("token", &desk)])).await, 200);
    let paper = &proposed["pending_changes"]["papers"][0];
    assert_eq!(paper["media_type"], "image/png", "{proposed}");
    let customers = body(&ask("customers", words(&[("token", &desk)])).await, 200);
    assert_eq!(customers["items"], json!([]));
    // It starts, and refuses a caller who is no worker.
    body(
        &ask("own-record", words(&[("token", &authority)])).await,
        403,
    );

    let quoted = serde_json::to_string(&world.cleaning(CENTRE).to_string()).expect("JSON");
    let placed = ask(
        "order-intake",
        words(&[("token", &customer), ("body", &quoted)]),
    )
    .await;
    let order = body(&placed, 201)["order_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    world.drain().await;

    let offers = body(&ask("offer-queue", words(&[("token", &desk)])).await, 200);
    let offer = &offers["offers"][0];
    assert_eq!(offer["order_id"], *order, "{offers}");

    // Messages as the platform's own functions send them, delivered once more.
    let now = world.now().0;
    let message = words(&[
        ("order_id", &order),
        ("agency", agency.id.trim_start_matches("agy_")),
        ("deadline", &(now + 180_000).to_string()),
        ("start_at", &(now + 86_400_000).to_string()),
        ("worker_id", "wkr_00000000000000000000000000"),
        ("at", &now.to_string()),
    ]);
    for function in [
        "agency-fanout",
        "auto-assign",
        "dead-letters",
        "order-events",
        "directory-projection",
        "feed-apply",
        "sequencer",
        "scan-log",
        "erasure",
        "badge-status",
    ] {
        let answer = ask(function, message.clone()).await;
        let failures = answer
            .get("batchItemFailures")
            .cloned()
            .unwrap_or_else(|| json!([]));
        assert_eq!(failures, json!([]), "{function} answered {answer}");
    }

    let visit = words(&[("token", &customer), ("order_id", &order)]);
    let checked = body(&ask("visits", visit).await, 200);
    assert_eq!(checked["result"], "invalid", "{checked}");
    body(&ask("pages", words(&[])).await, 404);
    body(&ask("credit-feed", words(&[])).await, 404);
    body(&ask("badge-issue", words(&[])).await, 404);
    let scanned = body(&ask("badge-verify", words(&[("token", "1")])).await, 200);
    assert_eq!(scanned["result"], "not_genuine", "{scanned}");

    let checkpoint = body(&ask("ledger", words(&[])).await, 200);
    assert!(checkpoint["note"].is_string(), "{checkpoint}");

    let token = offer["claim_token"].as_str().expect("a claim token");
    let words = words(&[
        ("token", &desk),
        ("order_id", &order),
        ("claim_token", token),
    ]);
    let grabbed = body(&ask("order-grab", words).await, 200);
    assert_eq!(grabbed["claim"]["agency_id"], *agency.id, "{grabbed}");

    let mut all: Vec<&str> = world
        .platform
        .stack()
        .functions
        .iter()
        .map(|f| f.code.as_str())
        .collect();
    all.sort_unstable();
    answered.sort_unstable();
    assert_eq!(answered, all);
}

/// What a binary has logged, a JSON object a line.
#[track_caller]
fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_function_that_cannot_start_logs_as_json_what_is_missing() {
    let binary = tokio::task::spawn_blocking(|| binaries().join("order-events"));
    let mut command = Command::new(binary.await.expect("the binaries are built"));
    command.env_clear().env("AWS_REGION", "us-east-1");
    command.env("ORDERS_TABLE", "orders");
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let ended = ended.expect("no panic").expect("it can be started");
    assert!(!ended.status.success());
    let log = String::from_utf8(ended.stderr).expect("text");
    let [line] = &lines(&log)[..] else {
        panic!("{log}")
    };
    assert_eq!(line["level"], "ERROR");
    let error = line["error"].as_str().expect("a text");
    assert!(error.contains("EVENT_BUS is not set"), "{error}");
    assert!(!error.contains("ORDERS_TABLE"), "{error}");
}

/// Alarms go off when these lines are missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_that_have_done_their_work_log_a_heartbeat_and_others_none() {
    let binaries = tokio::task::spawn_blocking(|| binaries().to_owned()).await;
    let binaries = binaries.expect("the binaries are built");
    let world = World::empty().await;
    let schedule = event("sequencer", &BTreeMap::new());
    let soon = Millis(world.now().0 + 10 * 86_400_000).to_rfc3339();
    let mut keys: Value = {
        let variables = variables(&world, "badge-status");
        serde_json::from_str(&variables["BADGE_PUBLIC_KEYS"]).expect("JSON")
    };
    keys["keys"][0]["verify_until"] = json!(soon);
    let (keys, gone) = (keys.to_string(), "no-such-bucket");
    for (function, change, heartbeat, alarm) in [
        ("badge-status", None, Some("status-list"), None),
        (
            "badge-status",
            Some(("PUBLISHED_BUCKET", gone)),
            None,
            Some("status-list"),
        ),
        (
            "badge-status",
            Some(("BADGE_PUBLIC_KEYS", &*keys)),
            Some("status-list"),
            Some("badge-key-ends"),
        ),
        // Before there is a checkpoint: one that is there needs no bucket.
        (
            "sequencer",
            Some(("CHECKPOINT_BUCKET", gone)),
            None,
            Some("log"),
        ),
        ("sequencer", None, Some("log"), None),
    ] {
        let mut variables = variables(&world, function);
        variables.extend(change.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let (api, file) = (RuntimeApi::start().await, tempfile::NamedTempFile::new());
        let file = file.expect("a file");
        let log = Stdio::from(file.reopen().expect("a file"));
        let _bootstrap = Bootstrap::start_logging(&binaries.join(function), &variables, &api, log);
        let outcome = api.invoke(&schedule, crate::PATIENCE).await;
        assert!(matches!(outcome, Outcome::Response(_)));
        let log = std::fs::read_to_string(file.path()).expect("a log");
        let said = |field: &str| {
            let mut said = lines(&log).into_iter();
            said.find_map(|line| line[field].as_str().map(str::to_owned))
        };
        let told = (said("heartbeat"), said("alarm"));
        let wanted = (heartbeat.map(str::to_owned), alarm.map(str::to_owned));
        assert_eq!(told, wanted, "{function} {change:?}: {log}");
    }
}
