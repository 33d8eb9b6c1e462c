//! AWS's other SDK, where it is installed.

use tokio::process::Command;

use crate::world::{REGION, World};

const SCRIPT: &str = r#"
import sys, boto3, botocore.exceptions
endpoint, region = sys.argv[1:]
def client(name, secret="secret"):
    return boto3.client(name, endpoint_url=endpoint, region_name=region,
                        aws_access_key_id="operator", aws_secret_access_key=secret)
sqs = client("sqs")
url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
# boto3 compares the digest of the body with its own.
sqs.send_message(QueueUrl=url, MessageBody="h\u00e9llo")
message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"],
                              MessageSystemAttributeNames=["All"], WaitTimeSeconds=1)["Messages"][0]
assert message["Body"] == "h\u00e9llo"
assert message["Attributes"]["ApproximateReceiveCount"] == "1"
receipt = message["ReceiptHandle"]
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=60)
entry = {"Id": "1", "ReceiptHandle": receipt}
hidden = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 60}])
assert hidden["Successful"] == [{"Id": "1"}], hidden
assert sqs.delete_message_batch(QueueUrl=url, Entries=[entry])["Successful"] == [{"Id": "1"}]
sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
assert sqs.get_queue_url(QueueName="q")["QueueUrl"] == url
assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "7"
try:
    sqs.get_queue_url(QueueName="nope")
    raise SystemExit("found a queue that is not there")
except sqs.exceptions.QueueDoesNotExist:
    pass
try:
    client("sqs", "wrong").list_queues()
    raise SystemExit("a wrong secret was accepted")
except botocore.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error
scheduler = client("scheduler")
assert scheduler.list_schedules(GroupName="g")["Schedules"] == []
try:
    scheduler.delete_schedule(GroupName="g", Name="a b%c")
    raise SystemExit("found a schedule that is not there")
except scheduler.exceptions.ResourceNotFoundException:
    pass
events = client("events")
assert events.put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "b"}])["FailedEntryCount"] == 0
try:
    client("sts").get_caller_identity()
    raise SystemExit("did what is not emulated")
except botocore.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "InvalidAction", error
kms = client("kms")
signed = kms.sign(KeyId="badges", Message=b"m", MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")
assert len(kms.get_public_key(KeyId=signed["KeyId"])["PublicKey"]) == 44
print("all good")
"#;

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a setting of the tests, read in one place"
)]
async fn boto3_works_against_it() {
    let has_boto3 = Command::new("python3")
        .args(["-c", "import boto3"])
        .output()
        .await;
    if !has_boto3.is_ok_and(|output| output.status.success()) {
        // In CI, everything has to be checked.
        assert!(std::env::var("CI").is_err(), "boto3 is missing");
        eprintln!("NOT CHECKED: boto3 is not installed, so the cloud was not tried with it");
        return;
    }
    let world = World::new().await;
    world.cloud.create_schedule_group("g");
    world.cloud.create_bus("b");
    world.cloud.add_signing_key("badges", &[7; 32]).unwrap();
    let output = Command::new("python3")
        .args(["-c", SCRIPT, &world.endpoint, REGION])
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "all good",
        "{errors}"
    );
}
