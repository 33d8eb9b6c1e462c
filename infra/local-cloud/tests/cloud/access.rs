//! Who may do what: keys, signatures, roles, queues' policies, temporary keys.

use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_sts::types::Tag;
use local_cloud::Clock;
use local_cloud::iam::Policy;
use serde_json::{Value, json};

use crate::schedules::{create, target};
use crate::world::{ACCOUNT, Sqs, World, code, policy, queue_arn, sdk};

/// Adds a function's role with a key, and the agencies' role that it may assume; returns the ARN of the latter.
fn add_roles(world: &World) -> String {
    let send = json!([
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn("offers-*")},
    ]);
    let function = world.role("offer-queue", "lambda", send);
    let trust = policy(json!([{
        "Effect": "Allow",
        "Principal": {"AWS": function},
        "Action": ["sts:AssumeRole", "sts:TagSession"]
    }]));
    let poll = json!([{
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
        "Resource": queue_arn("offers-${aws:PrincipalTag/agency}")
    }]);
    world.trusting_role("polling", &trust, poll)
}

/// SQS under temporary keys for one agency.
async fn polling_keys(world: &World, role: &str, agency: &str) -> Sqs {
    let sts = aws_sdk_sts::Client::new(&world.sdk_as("offer-queue", "secret"));
    let tag = Tag::builder().key("agency").value(agency).build().unwrap();
    let assumed = sts
        .assume_role()
        .role_arn(role)
        .role_session_name(agency)
        .tags(tag);
    let assumed = assumed.duration_seconds(900).send().await.unwrap();
    let keys = assumed.credentials.unwrap();
    let token = Some(keys.session_token);
    Sqs(aws_sdk_sqs::Client::new(&sdk(
        &world.endpoint,
        &keys.access_key_id,
        &keys.secret_access_key,
        token,
    )))
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_key_are_refused() {
    let world = World::new().await;
    for (key, secret, expected) in [
        ("operator", "guess", "SignatureDoesNotMatch"),
        ("nobody", "secret", "InvalidClientTokenId"),
    ] {
        let config = world.sdk_as(key, secret);
        let sqs = aws_sdk_sqs::Client::new(&config);
        assert_eq!(code(sqs.list_queues().send().await), expected);
        let sts = aws_sdk_sts::Client::new(&config).assume_role();
        let assume = sts.role_arn("arn:aws-cn:iam::1:role/r");
        let assume = assume.role_session_name("s1").send().await;
        assert_eq!(code(assume), expected);
    }
    let scheduler = aws_sdk_scheduler::Client::new(&world.sdk_as("operator", "guess"));
    assert_eq!(
        code(scheduler.list_schedules().send().await),
        "InvalidSignatureException"
    );
    let sts = aws_sdk_sts::Client::new(&world.sdk());
    assert_eq!(
        code(sts.get_caller_identity().send().await),
        "InvalidAction"
    );
}

#[tokio::test]
async fn a_role_does_what_its_policies_allow_and_no_more() {
    let world = World::new().await;
    add_roles(&world);
    let operator = world.sqs();
    let offers = operator.create("offers-a", &[]).await;
    let other = operator.create("other", &[]).await;
    let sqs = Sqs(aws_sdk_sqs::Client::new(
        &world.sdk_as("offer-queue", "secret"),
    ));
    sqs.send(&offers, "x").await;
    let send = sqs
        .0
        .send_message()
        .queue_url(&other)
        .message_body("x")
        .send()
        .await;
    assert_eq!(code(send), "AccessDenied");
    assert_eq!(
        code(sqs.0.receive_message().queue_url(&offers).send().await),
        "AccessDenied"
    );
    assert_eq!(
        code(sqs.0.create_queue().queue_name("offers-b").send().await),
        "AccessDenied"
    );
}

#[tokio::test]
async fn temporary_keys_open_one_agencys_queue_until_they_expire() {
    let world = World::new().await;
    let role = add_roles(&world);
    let operator = world.sqs();
    let own = operator.create("offers-agy_1", &[]).await;
    let others = operator.create("offers-agy_2", &[]).await;
    operator.send(&own, "offer").await;
    let agency = polling_keys(&world, &role, "agy_1").await;
    let message = agency.receive(&own, 0).await.remove(0);
    assert_eq!(message.body(), Some("offer"));
    agency.delete(&own, &message).await;
    let receive = |url: &str| agency.0.receive_message().queue_url(url).send();
    assert_eq!(code(receive(&others).await), "AccessDenied");
    let send = agency
        .0
        .send_message()
        .queue_url(&own)
        .message_body("x")
        .send()
        .await;
    assert_eq!(code(send), "AccessDenied");
    world.advance(899);
    assert!(receive(&own).await.is_ok());
    world.advance(2);
    assert_eq!(code(receive(&own).await), "ExpiredToken");
}

#[tokio::test]
async fn a_queues_policy_can_shut_a_role_out_and_let_it_in() {
    let world = World::new().await;
    let role = add_roles(&world);
    let operator = world.sqs();
    let own = operator.create("offers-agy_1", &[]).await;
    let agency = polling_keys(&world, &role, "agy_1").await;
    let receive = || agency.0.receive_message().queue_url(&own).send();
    let set = |document: String| {
        let set = operator.0.set_queue_attributes().queue_url(&own);
        set.attributes(QueueAttributeName::Policy, document).send()
    };
    assert!(receive().await.is_ok());
    let deny = json!([{
        "Effect": "Deny", "Principal": {"AWS": role}, "Action": "sqs:*", "Resource": queue_arn("offers-agy_1")
    }]);
    set(policy(deny).to_string()).await.unwrap();
    assert_eq!(code(receive().await), "AccessDenied");
    set(String::new()).await.unwrap();
    assert!(receive().await.is_ok());

    let allow = json!([{
        "Effect": "Allow", "Principal": {"AWS": role}, "Action": "sqs:SendMessage", "Resource": "*"
    }]);
    let send = || {
        let send = agency.0.send_message().queue_url(&own);
        send.message_body("x").send()
    };
    assert_eq!(code(send().await), "AccessDenied");
    set(policy(allow).to_string()).await.unwrap();
    assert!(send().await.is_ok());
    assert_eq!(code(set("{}".into()).await), "InvalidAttributeValue");
}

#[tokio::test]
async fn a_role_is_assumed_only_by_a_trusted_caller_and_within_the_session_limits() {
    let world = World::new().await;
    let role = add_roles(&world);
    let everything = json!([{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]);
    world.role("stranger", "lambda", everything);
    let assume = |key: &str, seconds: i32| {
        let sts = aws_sdk_sts::Client::new(&world.sdk_as(key, "secret"));
        sts.assume_role()
            .role_arn(&role)
            .role_session_name("s1")
            .duration_seconds(seconds)
            .send()
    };
    assert_eq!(code(assume("stranger", 900).await), "AccessDenied");
    for (seconds, expected) in [(899, "ValidationError"), (3_601, "ValidationError")] {
        assert_eq!(code(assume("offer-queue", seconds).await), expected);
    }
    let assumed = assume("offer-queue", 3_600).await.unwrap();
    let user = assumed.assumed_role_user().unwrap().arn();
    assert_eq!(
        user,
        format!("arn:aws-cn:sts::{ACCOUNT}:assumed-role/polling/s1")
    );
    let keys = assumed.credentials().unwrap();
    let without_token = sdk(
        &world.endpoint,
        keys.access_key_id(),
        keys.secret_access_key(),
        None,
    );
    let sqs = aws_sdk_sqs::Client::new(&without_token);
    assert_eq!(code(sqs.list_queues().send().await), "InvalidClientTokenId");
}

#[tokio::test]
async fn temporary_keys_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let clock = Clock::system();
    let world = World::open_at(Some(&file), clock.clone()).await;
    let role = add_roles(&world);
    let url = world.sqs().create("offers-agy_1", &[]).await;
    let agency = polling_keys(&world, &role, "agy_1").await;
    world.close().await;
    let world = World::open_at(Some(&file), clock).await;
    add_roles(&world);
    let config = agency
        .0
        .config()
        .to_builder()
        .endpoint_url(&world.endpoint)
        .build();
    let agency = Sqs(aws_sdk_sqs::Client::from_conf(config));
    assert!(agency.receive(&url, 0).await.is_empty());
}

#[tokio::test]
async fn a_schedule_needs_the_permission_to_pass_its_role() {
    let world = World::new().await;
    world.cloud.create_schedule_group("timers");
    let creates = json!({
        "Effect": "Allow", "Action": "scheduler:CreateSchedule",
        "Resource": format!("arn:aws-cn:scheduler:cn-north-1:{ACCOUNT}:schedule/timers/*")
    });
    let passed = format!("arn:aws-cn:iam::{ACCOUNT}:role/timer");
    let passes = json!({
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": passed,
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    });
    for (name, statements, expected) in [
        ("without", json!([creates]), "AccessDeniedException"),
        ("with", json!([creates, passes]), "accepted"),
    ] {
        world.role(name, "lambda", statements);
        let scheduler = aws_sdk_scheduler::Client::new(&world.sdk_as(name, "secret"));
        let put = || {
            let target = target("timers", &passed, "x").build().unwrap();
            create(&scheduler, "s", "at(2099-01-01T00:00:00)", target)
        };
        let answer = code(put().send().await);
        assert!(answer.starts_with(expected), "{name}: {answer}");
        let elsewhere = put().group_name("default").send().await;
        assert_eq!(code(elsewhere), "AccessDeniedException");
    }
}

#[test]
fn a_policy_that_is_not_understood_is_an_error() {
    let statement = |extra: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"});
        statement
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        policy(json!([statement]))
    };
    assert!(Policy::of_identity(&statement(json!({}))).is_ok());
    let several =
        json!({"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["W#*"]}}});
    assert!(Policy::of_identity(&statement(several)).is_ok());
    for extra in [
        json!({"NotAction": "sqs:*"}),
        json!({"NotResource": "*"}),
        json!({"Principal": "*"}),
        json!({"Effect": "Maybe"}),
        json!({"Condition": {"IpAddress": {"aws:SourceIp": "::1"}}}),
        json!({"Condition": {"StringNotEquals": {"a": "b"}}}),
        json!({"Condition": {"StringEqualsIfExists": {"a": "b"}}}),
        json!({"Condition": {"ForAllValues:ArnLike": {"a": "b"}}}),
        json!({"Condition": {"ForSomeValues:StringEquals": {"a": "b"}}}),
        json!({"Condition": {"StringEquals": {"dynamodb:LeadingKeys": "b"}}}),
        json!({"Resource": "arn:${aws:PrincipalTag/agency"}),
        json!({"Resource": []}),
    ] {
        assert!(
            Policy::of_identity(&statement(extra.clone())).is_err(),
            "{extra}"
        );
    }
    assert!(Policy::of_identity(&json!({"Version": "2008-10-17", "Statement": []})).is_err());
}
