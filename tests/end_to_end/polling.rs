//! Agencies with software of their own poll their queue with temporary keys, through AWS's own tools.

use std::process::{Command, Output};

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde_json::{Value, json};

use crate::programs::not_checked;
use crate::world::{Agency, CENTRE, World};

pub async fn access(world: &World, agency: &Agency) -> Value {
    let desk = world.desk(agency).await;
    world
        .call("POST", "/v1/queue-access")
        .token(&desk)
        .send()
        .await
        .expect(200)
}

pub fn client(access: &Value) -> aws_sdk_sqs::Client {
    let text = |field: &str| access[field].as_str().expect("a string").to_owned();
    let credentials = Credentials::new(
        text("access_key_id"),
        text("secret_access_key"),
        Some(text("session_token")),
        None,
        "queue-access",
    );
    aws_sdk_sqs::Client::from_conf(
        aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(text("region")))
            .endpoint_url(text("endpoint_url"))
            .credentials_provider(credentials)
            .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
            .build(),
    )
}

#[tokio::test]
async fn temporary_keys_open_the_agencys_own_queue_and_nothing_else() {
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let other = world.agency(&["cleaning"], &[CENTRE]).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.drain().await;

    let mine = access(&world, &agency).await;
    let theirs = access(&world, &other).await;
    let sqs = client(&mine);
    let url = mine["queue_url"].as_str().expect("a url");
    let received = sqs
        .receive_message()
        .queue_url(url)
        .send()
        .await
        .expect("own queue");
    let message = &received.messages()[0];
    let offer: Value = serde_json::from_str(message.body().expect("a body")).expect("JSON");
    assert_eq!(offer["order_id"], order["order_id"]);

    // The token in it works over HTTP.
    let desk = world.desk(&agency).await;
    let id = order["order_id"].as_str().expect("an id");
    world
        .grab(&desk, id, offer["claim_token"].as_str().expect("a token"))
        .await
        .expect(200);
    sqs.delete_message()
        .queue_url(url)
        .receipt_handle(message.receipt_handle().expect("a receipt"))
        .send()
        .await
        .expect("acknowledged");

    let foreign = theirs["queue_url"].as_str().expect("a url");
    let refused = sqs
        .receive_message()
        .queue_url(foreign)
        .send()
        .await
        .expect_err("another's queue");
    assert!(code(&refused).contains("AccessDenied"), "{refused:?}");
    let sent = sqs
        .send_message()
        .queue_url(url)
        .message_body("spam")
        .send()
        .await
        .expect_err("sending");
    assert!(code(&sent).contains("AccessDenied"), "{sent:?}");

    // A suspension reaches keys that are already out.
    world.review(&agency, "suspend").await.expect(200);
    world.drain().await;
    let late = sqs
        .receive_message()
        .queue_url(url)
        .send()
        .await
        .expect_err("suspended");
    assert!(code(&late).contains("AccessDenied"), "{late:?}");

    // They also expire by themselves.
    let sqs = client(&theirs);
    sqs.receive_message()
        .queue_url(foreign)
        .send()
        .await
        .expect("own queue");
    world.skip(std::time::Duration::from_secs(3_700));
    sqs.receive_message()
        .queue_url(foreign)
        .send()
        .await
        .expect_err("expired");
}

fn code<E: ProvideErrorMetadata, R>(error: &aws_sdk_sqs::error::SdkError<E, R>) -> String {
    error
        .as_service_error()
        .and_then(|e| e.code())
        .unwrap_or_default()
        .to_owned()
}

/// Python with boto3; without it a line says that this was not checked.
fn boto3() -> bool {
    let there = Command::new("python3")
        .args(["-c", "import boto3"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !there {
        not_checked("boto3 is not installed, so polling with it was not tried");
    }
    there
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_polls_an_agencys_queue_and_is_refused_the_rest() {
    if !boto3() {
        return;
    }
    let world = World::empty().await;
    let agency = world.agency(&["cleaning"], &[CENTRE]).await;
    let other = world.agency(&["cleaning"], &[CENTRE]).await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(CENTRE)).await;
    world.drain().await;
    let input = json!({
        "mine": access(&world, &agency).await,
        "theirs": access(&world, &other).await["queue_url"],
    });
    let output = tokio::task::spawn_blocking(move || python(&input))
        .await
        .expect("joined");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["order_id"], order["order_id"]);
    assert_eq!(told["foreign"], "AccessDenied", "{told}");
    assert_eq!(told["sending"], "AccessDenied", "{told}");
}

fn python(input: &Value) -> Output {
    const SCRIPT: &str = r#"
import boto3, json, sys
from botocore.exceptions import ClientError
given = json.loads(sys.argv[1])
mine = given["mine"]
sqs = boto3.client("sqs", region_name=mine["region"], endpoint_url=mine["endpoint_url"],
    aws_access_key_id=mine["access_key_id"], aws_secret_access_key=mine["secret_access_key"],
    aws_session_token=mine["session_token"])
got = sqs.receive_message(QueueUrl=mine["queue_url"], MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
def refused(call):
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "AccessDenied" if "AccessDenied" in code else code
    return "allowed"
told = {
    "order_id": json.loads(got[0]["Body"])["order_id"],
    "foreign": refused(lambda: sqs.receive_message(QueueUrl=given["theirs"])),
    "sending": refused(lambda: sqs.send_message(QueueUrl=mine["queue_url"], MessageBody="x")),
}
sqs.delete_message(QueueUrl=mine["queue_url"], ReceiptHandle=got[0]["ReceiptHandle"])
print(json.dumps(told))
"#;
    Command::new("python3")
        .args(["-c", SCRIPT, &input.to_string()])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("python3 runs")
}
