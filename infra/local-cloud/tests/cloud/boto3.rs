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
attributes = {"s": {"DataType": "String", "StringValue": "v"},
              "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
# boto3 compares the digests of body and attributes with its own.
sqs.send_message(QueueUrl=url, MessageBody="h\u00e9llo", MessageAttributes=attributes)
message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"],
                              MessageSystemAttributeNames=["All"], WaitTimeSeconds=1)["Messages"][0]
assert message["Body"] == "h\u00e9llo" and message["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\xff"
assert message["Attributes"]["ApproximateReceiveCount"] == "1"
sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
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
scheduler.create_schedule_group(Name="g")
assert len(scheduler.list_schedule_groups()["ScheduleGroups"]) == 2
try:
    scheduler.get_schedule(GroupName="g", Name="a b%c")
    raise SystemExit("found a schedule that is not there")
except scheduler.exceptions.ResourceNotFoundException:
    pass
events = client("events")
events.create_event_bus(Name="b")
assert events.put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "b"}])["FailedEntryCount"] == 0
assert client("sts").get_caller_identity()["Account"] == "123456789012"
s3 = client("s3")
put = s3.put_object(Bucket="things", Key="a b/+\u00e9.json", Body=b"{}" * 5000, ContentType="application/json", Metadata={"who": "me"})
got = s3.get_object(Bucket="things", Key="a b/+\u00e9.json")
assert got["Body"].read() == b"{}" * 5000 and got["ContentType"] == "application/json" and got["Metadata"] == {"who": "me"}
assert got["ETag"] == put["ETag"]
import io
s3.upload_fileobj(io.BytesIO(b"x" * 100000), "things", "file")
assert s3.head_object(Bucket="things", Key="file")["ContentLength"] == 100000
keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="things")["Contents"]]
assert keys == ["a b/+\u00e9.json", "file"], keys
s3.delete_object(Bucket="things", Key="file")
try:
    s3.get_object(Bucket="things", Key="file")
    raise SystemExit("found an object that is not there")
except s3.exceptions.NoSuchKey:
    pass
try:
    client("s3", "wrong").list_objects_v2(Bucket="things")
    raise SystemExit("a wrong secret was accepted")
except botocore.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error
kms = client("kms")
signed = kms.sign(KeyId="badges", Message=b"m", MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")
assert kms.verify(KeyId="badges", Message=b"m", SigningAlgorithm="ED25519_SHA_512", Signature=signed["Signature"])["SignatureValid"]
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
    world.bucket("things", false, None).await;
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
