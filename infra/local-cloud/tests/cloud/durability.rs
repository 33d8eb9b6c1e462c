//! Acknowledged changes are there again after the process has ended.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use local_cloud::{Clock, Depth, Draft};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::schedules::{create, sender, target};
use crate::world::{Sqs, World, sdk};

/// The environment variable that tells a child process which file to serve.
const FILE: &str = "LOCAL_CLOUD_TEST_FILE";

#[tokio::test]
async fn a_reopened_cloud_has_its_old_state() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let clock = Clock::system();
    let world = World::open_at(Some(&file), clock.clone()).await;
    let cloud = &world.cloud;
    cloud.create_queue("q", &Default::default()).await.unwrap();
    for body in ["deleted", "in flight", "waiting"] {
        cloud.send("q", Draft::new(body)).await.unwrap();
    }
    let delayed = Draft {
        delay_s: Some(900),
        ..Draft::new("delayed")
    };
    cloud.send("q", delayed).await.unwrap();
    let received = cloud.receive("q", 2, Some(0), Some(600)).await.unwrap();
    let handles = [received[0].receipt_handle.clone()];
    cloud.delete("q", &handles).await.unwrap()[0]
        .as_ref()
        .unwrap();
    cloud.note_put("orders-stream", "shard-7").await.unwrap();
    let target = target("q", &sender(&world), "timer").build().unwrap();
    create(&world.scheduler(), "s", "at(2099-01-01T00:00:00)", target)
        .send()
        .await
        .unwrap();
    let due = cloud.next_schedule_at();
    world.close().await;

    let world = World::open_at(Some(&file), clock).await;
    let cloud = &world.cloud;
    let depth = cloud.depth("q").await.unwrap();
    assert_eq!(
        depth,
        Depth {
            visible: 1,
            in_flight: 1,
            delayed: 1
        }
    );
    assert_eq!(cloud.note_get("orders-stream").as_deref(), Some("shard-7"));
    assert_eq!(cloud.next_schedule_at(), due);
    // A receipt from before the end still deletes.
    let handles = [received[1].receipt_handle.clone()];
    cloud.delete("q", &handles).await.unwrap()[0]
        .as_ref()
        .unwrap();
    assert_eq!(cloud.depth("q").await.unwrap().in_flight, 0);
    world.advance(900);
    let bodies = world.cloud.receive("q", 10, Some(0), None).await.unwrap();
    assert_eq!(
        bodies.iter().map(|m| m.body()).collect::<Vec<_>>(),
        ["waiting", "delayed"]
    );
}

#[tokio::test]
async fn a_schedule_that_fell_due_while_nobody_was_there_fires_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let clock = Clock::system();
    let world = World::open_at(Some(&file), clock.clone()).await;
    world
        .cloud
        .create_queue("q", &Default::default())
        .await
        .unwrap();
    let target = target("q", &sender(&world), "timer").build().unwrap();
    create(&world.scheduler(), "s", "at(2099-01-01T00:00:00)", target)
        .send()
        .await
        .unwrap();
    let left = world.cloud.next_schedule_at().unwrap() - clock.now_ms();
    world.close().await;
    clock.advance(Duration::from_millis(left.unsigned_abs()));
    for starts in 0..2 {
        let world = World::open_at(Some(&file), clock.clone()).await;
        let received = world
            .cloud
            .receive("q", 10, Some(2 * (1 - starts)), Some(0))
            .await
            .unwrap();
        assert_eq!(received.len(), 1, "start {starts}: once, not once a start");
        world.close().await;
    }
}

#[tokio::test]
async fn a_file_serves_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let world = World::open(Some(&file)).await;
    let (clock, identities) = (world.clock.clone(), world.identities.clone());
    let second =
        local_cloud::Cloud::open(Some(&file), clock, identities, "cn-north-1", "123456789012");
    assert!(second.is_err());
}

/// Serves a file until it is killed; run as a child process by the test below.
#[tokio::test]
#[ignore = "a child process of kill_9_loses_nothing_that_was_acknowledged"]
#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells its child process its file"
)]
async fn serve_until_killed() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    let world = World::open(Some(Path::new(&file))).await;
    eprintln!("serving {}", world.endpoint);
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "durability::serve_until_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(FILE, &file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let endpoint = loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("the child says where it serves");
        if let Some((_, endpoint)) = line.split_once("serving ") {
            break endpoint.to_owned();
        }
    };
    let sqs = Sqs(aws_sdk_sqs::Client::new(&sdk(
        &endpoint, "operator", "secret", None,
    )));
    let url = sqs.create("q", &[]).await;
    // Eight senders write as fast as they can until the process is gone.
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (sqs, url) = (sqs.clone(), url.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for i in 0.. {
                    let body = format!("{sender}-{i}");
                    let send = sqs.0.send_message().queue_url(&url).message_body(&body);
                    match send.send().await {
                        Ok(_) => acknowledged.push(body),
                        Err(_) => break,
                    }
                }
                acknowledged
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // SIGKILL, amid their sending.
    child.kill().await.unwrap();
    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }
    assert!(acknowledged.len() > 8, "only {}", acknowledged.len());

    let world = World::open(Some(&file)).await;
    let mut kept = std::collections::HashSet::new();
    loop {
        let received = world
            .cloud
            .receive("q", 10, Some(0), Some(600))
            .await
            .unwrap();
        if received.is_empty() {
            break;
        }
        kept.extend(received.iter().map(|message| message.body().to_owned()));
    }
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|body| !kept.contains(*body))
        .collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
}
