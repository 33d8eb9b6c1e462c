//! Schedules: fired at their time, once, and gone.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder;
use aws_sdk_scheduler::types::builders::TargetBuilder;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use aws_sdk_sqs::types::MessageSystemAttributeName;

use crate::world::{ACCOUNT, World, code, queue_arn, system};

fn window(mode: FlexibleTimeWindowMode) -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder().mode(mode).build().unwrap()
}

fn at(world: &World, seconds: i64) -> String {
    let ms = world.clock.now_ms() + seconds * 1_000;
    let at = jiff::Timestamp::from_second(ms / 1_000).unwrap();
    format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The group `timers`, and the role with which schedules send.
pub fn sender(world: &World) -> String {
    world.cloud.create_schedule_group("timers");
    format!("arn:aws-cn:iam::{ACCOUNT}:role/timers")
}

pub fn target(queue: &str, role: &str, input: &str) -> TargetBuilder {
    let target = Target::builder().arn(queue_arn(queue));
    target.role_arn(role).input(input)
}

pub fn create(
    client: &Client,
    name: &str,
    expression: &str,
    target: Target,
) -> CreateScheduleFluentBuilder {
    client
        .create_schedule()
        .group_name("timers")
        .name(name)
        .schedule_expression(expression)
        .flexible_time_window(window(FlexibleTimeWindowMode::Off))
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target)
}

#[tokio::test]
async fn a_schedule_fires_once_at_its_time_and_deletes_itself() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let url = sqs.create("timers", &[]).await;
    let target = target("timers", &sender(&world), r#"{"k":1}"#);
    create(&scheduler, "s", &at(&world, 300), target.build().unwrap())
        .send()
        .await
        .unwrap();
    world.advance(298);
    assert!(sqs.bodies(&url, 0).await.is_empty(), "not before");
    world.advance(3);
    assert_eq!(sqs.bodies(&url, 10).await, [r#"{"k":1}"#]);
    let listed = scheduler.list_schedules().send().await.unwrap();
    assert!(listed.schedules().is_empty());
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
    let url = sqs.create("timers", &[]).await;
    let role = sender(&world);
    let expression = at(&world, 600);
    for i in 0..100 {
        let target = target("timers", &role, &i.to_string()).build().unwrap();
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
    let role = sender(&world);
    let target = || target("timers", &role, "x").build().unwrap();
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
async fn a_past_time_fires_at_once_and_what_is_not_emulated_is_refused() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let url = sqs.create("timers", &[]).await;
    let role = sender(&world);
    let target = |input: &str| target("timers", &role, input).build().unwrap();
    create(&scheduler, "past", &at(&world, -3_600), target("past"))
        .send()
        .await
        .unwrap();
    assert_eq!(sqs.bodies(&url, 10).await, ["past"]);
    let later = at(&world, 60);
    let plain = || create(&scheduler, "s", &later, target("x"));
    for (refused, expected) in [
        (
            plain().schedule_expression("at(garbage)"),
            "ValidationException",
        ),
        (
            plain().schedule_expression("rate(5 minutes)"),
            "ValidationException",
        ),
        (
            plain().schedule_expression_timezone("Asia/Shanghai"),
            "ValidationException",
        ),
        (
            plain().flexible_time_window(window(FlexibleTimeWindowMode::Flexible)),
            "ValidationException",
        ),
        (
            plain().action_after_completion(ActionAfterCompletion::None),
            "ValidationException",
        ),
        (plain().description("why"), "ValidationException"),
        (plain().name("x".repeat(65)), "ValidationException"),
        (plain().group_name("nowhere"), "ResourceNotFoundException"),
    ] {
        assert_eq!(code(refused.send().await), expected);
    }
    let get = scheduler.get_schedule().name("s").send().await;
    assert_eq!(code(get), "UnknownOperationException");
    let group = scheduler.create_schedule_group().name("g").send().await;
    assert_eq!(code(group), "UnknownOperationException");
}

#[tokio::test]
async fn an_undeliverable_message_goes_to_the_schedules_dead_letters() {
    let world = World::new().await;
    let (sqs, scheduler) = (world.sqs(), world.scheduler());
    let url = sqs.create("dead", &[]).await;
    sqs.create("closed", &[]).await;
    let role = sender(&world);
    let letters = || DeadLetterConfig::builder().arn(queue_arn("dead")).build();
    for (queue, expected) in [("missing", "QueueDoesNotExist"), ("closed", "AccessDenied")] {
        let target = target(queue, &role, "lost?").dead_letter_config(letters());
        create(&scheduler, "s", &at(&world, 60), target.build().unwrap())
            .send()
            .await
            .unwrap();
        world.advance(60);
        let letter = sqs.receive(&url, 10).await.remove(0);
        assert_eq!(letter.body(), Some("lost?"));
        let told = letter.message_attributes.as_ref().unwrap();
        let told = |name: &str| told[name].string_value().unwrap();
        assert_eq!(told("ERROR_CODE"), expected);
        assert!(told("SCHEDULE_ARN").ends_with("schedule/timers/s"));
        assert_eq!(told("TARGET_ARN"), queue_arn(queue));
        assert_eq!(
            system(&letter, MessageSystemAttributeName::ApproximateReceiveCount),
            "1"
        );
        sqs.delete(&url, &letter).await;
    }
}

#[tokio::test]
async fn schedules_are_listed_in_pages_and_deleted() {
    let world = World::new().await;
    let scheduler = world.scheduler();
    let role = sender(&world);
    for name in ["a1", "a2", "b"] {
        let target = target("timers", &role, "x").build().unwrap();
        create(&scheduler, name, &at(&world, 600), target)
            .send()
            .await
            .unwrap();
    }
    let list = || {
        let list = scheduler.list_schedules().group_name("timers");
        list.name_prefix("a").max_results(1)
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
    let delete = || {
        let delete = scheduler.delete_schedule().group_name("timers");
        delete.name("a1").send()
    };
    delete().await.unwrap();
    assert_eq!(code(delete().await), "ResourceNotFoundException");
    let rest = list().send().await.unwrap();
    assert_eq!(rest.schedules()[0].name(), Some("a2"));
}
