//! Schedules: fired at their time, once, and gone.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use aws_sdk_sqs::types::MessageSystemAttributeName;
use local_cloud::iam::RoleDescription;
use serde_json::json;

use crate::world::{ACCOUNT, Sqs, World, code, system};

pub fn window() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .unwrap()
}

fn at(world: &World, seconds: i64) -> String {
    let ms = world.clock.now_ms() + seconds * 1_000;
    let at = jiff::Timestamp::from_second(ms / 1_000).unwrap();
    format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

fn target(arn: &str, input: &str) -> aws_sdk_scheduler::types::builders::TargetBuilder {
    let role = format!("arn:aws-cn:iam::{ACCOUNT}:role/nobody-described");
    Target::builder().arn(arn).role_arn(role).input(input)
}

fn create(
    client: &Client,
    name: &str,
    expression: &str,
    target: Target,
) -> CreateScheduleFluentBuilder {
    client
        .create_schedule()
        .name(name)
        .schedule_expression(expression)
        .flexible_time_window(window())
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target)
}

async fn queue(sqs: &Sqs, name: &str) -> (String, String) {
    let url = sqs.create(name, &[]).await;
    let arn = sqs.arn(&url).await;
    (url, arn)
}

#[tokio::test]
async fn a_schedule_fires_once_at_its_time_and_deletes_itself() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (url, arn) = queue(&sqs, "timers").await;
    let target = target(&arn, r#"{"k":1}"#).build().unwrap();
    create(&scheduler, "s", &at(&world, 300), target)
        .send()
        .await
        .unwrap();
    world.advance(298);
    assert!(sqs.bodies(&url, 0).await.is_empty(), "not before");
    world.advance(3);
    assert_eq!(sqs.bodies(&url, 10).await, [r#"{"k":1}"#]);
    assert_eq!(
        code(scheduler.get_schedule().name("s").send().await),
        "ResourceNotFoundException"
    );
    world.advance(3_600);
    assert_eq!(world.cloud.depth("timers").await.unwrap().in_flight, 0);
    assert_eq!(
        sqs.receive(&url, 0).await.len(),
        1,
        "the one message, again"
    );
}

#[tokio::test]
async fn a_hundred_schedules_of_one_second_are_all_delivered_once() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (url, arn) = queue(&sqs, "timers").await;
    let expression = at(&world, 600);
    for i in 0..100 {
        let target = target(&arn, &i.to_string()).build().unwrap();
        create(&scheduler, &format!("s{i}"), &expression, target)
            .send()
            .await
            .unwrap();
    }
    world.advance(600);
    let mut bodies = Vec::new();
    while bodies.len() < 100 {
        let more = sqs.bodies(&url, 10).await;
        assert!(!more.is_empty(), "only {}", bodies.len());
        bodies.extend(more);
    }
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 100);
    assert!(sqs.bodies(&url, 0).await.is_empty());
}

#[tokio::test]
async fn the_same_name_is_a_conflict_unless_it_is_the_same_call() {
    let world = World::new().await;
    let scheduler = world.scheduler();
    let (_, arn) = queue(&world.sqs(), "timers").await;
    let target = || target(&arn, "x").build().unwrap();
    let expression = at(&world, 600);
    let first = || create(&scheduler, "s", &expression, target());
    first().client_token("one").send().await.unwrap();
    first().client_token("one").send().await.unwrap();
    assert_eq!(
        code(first().client_token("two").send().await),
        "ConflictException"
    );
    let other = create(&scheduler, "s", &at(&world, 900), target()).client_token("one");
    assert_eq!(code(other.send().await), "ConflictException");
}

#[tokio::test]
async fn expressions_are_read_in_their_time_zone_and_checked() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (url, arn) = queue(&sqs, "timers").await;
    let target = |input: &str| target(&arn, input).build().unwrap();
    // Harbin's wall clock is eight hours ahead.
    let harbin = create(
        &scheduler,
        "harbin",
        &at(&world, 8 * 3_600 + 60),
        target("harbin"),
    );
    harbin
        .schedule_expression_timezone("Asia/Shanghai")
        .send()
        .await
        .unwrap();
    world.advance(60);
    assert_eq!(sqs.bodies(&url, 10).await, ["harbin"]);
    create(&scheduler, "past", &at(&world, -3_600), target("past"))
        .send()
        .await
        .unwrap();
    assert_eq!(sqs.bodies(&url, 10).await, ["past"], "the past is now");
    for wrong in ["at(garbage)", "rate(1 fortnight)", "cron(0 9 * * ? *)"] {
        let refused = create(&scheduler, "wrong", wrong, target("x")).send().await;
        assert_eq!(code(refused), "ValidationException", "{wrong}");
    }
    let long = "x".repeat(65);
    let refused = create(&scheduler, &long, &at(&world, 60), target("x"))
        .send()
        .await;
    assert_eq!(code(refused), "ValidationException");
}

#[tokio::test]
async fn a_rate_fires_again_and_again() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (url, arn) = queue(&sqs, "timers").await;
    let target = target(&arn, "tick").build().unwrap();
    create(&scheduler, "r", "rate(5 minutes)", target)
        .send()
        .await
        .unwrap();
    for _ in 0..3 {
        let ticks = sqs.receive(&url, 10).await;
        assert_eq!(ticks.len(), 1);
        sqs.delete(&url, &ticks[0]).await;
        world.advance(300);
    }
    scheduler.delete_schedule().name("r").send().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_delivered_goes_to_the_schedules_dead_letters() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (url, arn) = queue(&sqs, "dead").await;
    let letters = || DeadLetterConfig::builder().arn(&arn).build();
    let missing = target(&format!("{arn}-missing"), "lost?").dead_letter_config(letters());
    create(&scheduler, "s", &at(&world, 60), missing.build().unwrap())
        .send()
        .await
        .unwrap();
    world.advance(60);
    let letter = sqs.receive(&url, 10).await.remove(0);
    assert_eq!(letter.body(), Some("lost?"));
    let attributes = letter.message_attributes.as_ref().unwrap();
    assert_eq!(
        attributes["ERROR_CODE"].string_value(),
        Some("QueueDoesNotExist")
    );
    assert!(
        attributes["SCHEDULE_ARN"]
            .string_value()
            .unwrap()
            .ends_with("schedule/default/s")
    );
    assert_eq!(
        system(&letter, MessageSystemAttributeName::ApproximateReceiveCount),
        "1"
    );
}

#[tokio::test]
async fn a_schedule_delivers_what_its_role_may_send() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let (dead_url, dead) = queue(&sqs, "dead").await;
    let (url, arn) = queue(&sqs, "timers").await;
    let (_, closed) = queue(&sqs, "closed").await;
    let policies = [json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [arn, dead]}
    ]})];
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    }]});
    let role = RoleDescription {
        name: "timers",
        trust: &trust,
        policies: &policies,
        max_session_seconds: 3_600,
    };
    let role = world.identities.add_role(&role).unwrap();
    let target = |arn: &str| {
        let letters = DeadLetterConfig::builder().arn(&dead).build();
        let target = target(arn, arn).role_arn(&role).dead_letter_config(letters);
        target.build().unwrap()
    };
    create(&scheduler, "a", &at(&world, 60), target(&arn))
        .send()
        .await
        .unwrap();
    create(&scheduler, "b", &at(&world, 60), target(&closed))
        .send()
        .await
        .unwrap();
    world.advance(60);
    assert_eq!(sqs.bodies(&url, 10).await, [arn.as_str()]);
    let letter = sqs.receive(&dead_url, 10).await.remove(0);
    assert_eq!(letter.body(), Some(closed.as_str()));
    let attributes = letter.message_attributes.as_ref().unwrap();
    assert_eq!(
        attributes["ERROR_CODE"].string_value(),
        Some("AccessDenied")
    );
}

#[tokio::test]
async fn schedules_are_read_listed_changed_and_deleted_in_their_group() {
    let world = World::new().await;
    let scheduler = world.scheduler();
    let (_, arn) = queue(&world.sqs(), "timers").await;
    let target = |input: &str| target(&arn, input).build().unwrap();
    scheduler
        .create_schedule_group()
        .name("g")
        .send()
        .await
        .unwrap();
    assert_eq!(
        code(scheduler.create_schedule_group().name("g").send().await),
        "ConflictException"
    );
    let expression = at(&world, 600);
    for name in ["a1", "a2", "b"] {
        let schedule = create(&scheduler, name, &expression, target("x")).group_name("g");
        schedule.send().await.unwrap();
    }
    let get = || scheduler.get_schedule().group_name("g").name("a1").send();
    let schedule = get().await.unwrap();
    assert_eq!(schedule.schedule_expression(), Some(expression.as_str()));
    assert_eq!(schedule.target().unwrap().input(), Some("x"));
    assert_eq!(
        schedule.action_after_completion(),
        Some(&ActionAfterCompletion::Delete)
    );
    assert!(schedule.creation_date().is_some());

    let list = || {
        scheduler
            .list_schedules()
            .group_name("g")
            .name_prefix("a")
            .max_results(1)
    };
    let first = list().send().await.unwrap();
    assert_eq!(first.schedules()[0].name(), Some("a1"));
    let second = list()
        .next_token(first.next_token().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(second.schedules()[0].name(), Some("a2"));
    assert_eq!(second.next_token(), None);

    let later = at(&world, 900);
    let update = scheduler.update_schedule().group_name("g").name("a1");
    let update = update
        .schedule_expression(&later)
        .flexible_time_window(window());
    update.target(target("y")).send().await.unwrap();
    assert_eq!(
        get().await.unwrap().schedule_expression(),
        Some(later.as_str())
    );

    scheduler
        .delete_schedule()
        .group_name("g")
        .name("a1")
        .send()
        .await
        .unwrap();
    assert_eq!(code(get().await), "ResourceNotFoundException");
    scheduler
        .delete_schedule_group()
        .name("g")
        .send()
        .await
        .unwrap();
    assert_eq!(
        code(scheduler.get_schedule_group().name("g").send().await),
        "ResourceNotFoundException"
    );
    let orphan = create(&scheduler, "c", &expression, target("x")).group_name("g");
    assert_eq!(code(orphan.send().await), "ResourceNotFoundException");
}
