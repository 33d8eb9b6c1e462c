#!/usr/bin/env python3
"""Tries an endpoint on what Homehail asks of AWS, and says where it differs from AWS's documentation.

Fails unless it differs in exactly what infra/docs/decisions/independent-emulator.md says of ministack. Against a real
account (no argument) everything should agree.

    emulator_findings.py http://127.0.0.1:4566
"""

import json
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError

RUN = uuid.uuid4().hex[:8]
ENDPOINT = sys.argv[1] if len(sys.argv) > 1 else None
differences = set()
# What ministack 1.5.33 does otherwise, as the decision page has it.
MINISTACK = {
    "a delay over 900 s is refused",
    "a batch answers entry by entry",
    "an entry that is not JSON fails by itself",
    "for less than 900 s it is refused",
    "not another's",
    "and not for sending",
    "a name over 64 characters is refused",
    "a time in the past is a ValidationException",
}


def client(service: str, **keys):
    if ENDPOINT:
        keys.setdefault("aws_access_key_id", "test")
        keys.setdefault("aws_secret_access_key", "test")
        keys["endpoint_url"] = ENDPOINT
        keys["region_name"] = "us-east-1"
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}, parameter_validation=False), **keys)


def item(**attributes):
    return {name: TypeSerializer().serialize(value) for name, value in attributes.items()}


def error(call, **arguments):
    """The response of the refusal, or None when there was none."""
    try:
        call(**arguments)
    except ClientError as refusal:
        return refusal.response
    return None


def tell(what: str, agrees: bool, seen: object = "") -> None:
    if not agrees:
        differences.add(what)
    print(f"{'agrees ' if agrees else 'DIFFERS'}  {what}{'' if agrees else f'  (saw: {seen})'}", flush=True)


def tables():
    dynamodb, names = client("dynamodb"), []
    for table in ("orders", "directory"):
        name = f"{table}-{RUN}"
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
                {"AttributeName": "ca", "AttributeType": "S"},
                {"AttributeName": "ct", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[{
                "IndexName": "by-agency",
                "KeySchema": [{"AttributeName": "ca", "KeyType": "HASH"}, {"AttributeName": "ct", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["st"]},
            }],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name)
        names.append(name)
    return dynamodb, *names


def writes(dynamodb, orders, directory):
    put = {"Put": {"TableName": orders, "Item": item(pk="o1", sk="order", st="open", ep=1, v=1),
                   "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
    details = {"Put": {"TableName": orders, "Item": item(pk="o1", sk="details", sealed=b"x" * 100)}}
    answer = dynamodb.transact_write_items(TransactItems=[put, details], ReturnConsumedCapacity="TOTAL")
    units = sum(table["CapacityUnits"] for table in answer.get("ConsumedCapacity", []))
    tell("a transaction of two small puts costs 4 units", units == 4, units)
    refused = error(dynamodb.transact_write_items, TransactItems=[put, details])
    reasons = (refused or {}).get("CancellationReasons", [])
    tell("a repeat of it is TransactionCanceledException with ConditionalCheckFailed, None",
         [reason.get("Code") for reason in reasons] == ["ConditionalCheckFailed", "None"], refused)
    tell("and carries the old item", bool(reasons) and reasons[0].get("Item", {}).get("st") == {"S": "open"}, reasons)

    grab = dict(TableName=orders, Key=item(pk="o1", sk="order"),
                UpdateExpression="SET st = :c, ca = :a, ct = :t, v = v + :one",
                ConditionExpression="st = :o AND ep = :e",
                ExpressionAttributeValues=item(**{":c": "claimed", ":a": "a1", ":t": 5, ":one": 1, ":o": "open", ":e": 1}),
                ReturnValues="ALL_NEW", ReturnValuesOnConditionCheckFailure="ALL_OLD", ReturnConsumedCapacity="INDEXES")
    answer = dynamodb.update_item(**grab)
    tell("a claim answers the new item", answer["Attributes"]["v"] == {"N": "2"}, answer)
    units = answer.get("ConsumedCapacity", {})
    tell("it costs 1 unit on the table and 1 on the index",
         units.get("Table", {}).get("CapacityUnits") == 1
         and units.get("GlobalSecondaryIndexes", {}).get("by-agency", {}).get("CapacityUnits") == 1, units)
    refused = error(dynamodb.update_item, **grab)
    tell("the second claim is ConditionalCheckFailedException with the old item",
         refused["Error"]["Code"] == "ConditionalCheckFailedException" and refused.get("Item", {}).get("ca") == {"S": "a1"}, refused)
    refused = error(dynamodb.update_item, TableName=orders, Key=item(pk="none", sk="order"),
                    UpdateExpression="SET st = :c", ConditionExpression="st = :o",
                    ExpressionAttributeValues=item(**{":c": "claimed", ":o": "open"}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD")
    tell("a condition on an item that is not there fails without an item", refused is not None and "Item" not in refused, refused)
    refused = error(dynamodb.put_item, TableName=orders, Item=item(pk="", sk="order"))
    tell("an empty key is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)
    refused = error(dynamodb.put_item, TableName=orders, Item=item(pk="big", sk="order", x="x" * 410_000))
    tell("an item over 400 KB is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)
    refused = error(dynamodb.update_item, TableName=orders, Key=item(pk="o1", sk="order"),
                    UpdateExpression="ADD ex :s", ExpressionAttributeValues={":s": {"SS": []}})
    tell("an empty set is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)


def reads(dynamodb, orders, directory):
    for number in range(3):
        dynamodb.put_item(TableName=orders, Item=item(pk=f"p{number}", sk="order", st="claimed", ca="a2", ct=number, v=1))
    page = dynamodb.query(TableName=orders, IndexName="by-agency", KeyConditionExpression="ca = :a",
                          ExpressionAttributeValues=item(**{":a": "a2"}), ScanIndexForward=False, Limit=2)
    tell("an index pages, newest first", [found["pk"]["S"] for found in page["Items"]] == ["p2", "p1"], page["Items"])
    tell("it projects only keys and what was included", set(page["Items"][0]) == {"pk", "sk", "ca", "ct", "st"}, set(page["Items"][0]))
    tell("its cursor names index and table keys", set(page.get("LastEvaluatedKey", {})) == {"pk", "sk", "ca", "ct"}, page.get("LastEvaluatedKey"))
    refused = error(dynamodb.query, TableName=orders, IndexName="by-agency", ConsistentRead=True,
                    KeyConditionExpression="ca = :a", ExpressionAttributeValues=item(**{":a": "a2"}))
    tell("a consistent read of an index is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)

    dynamodb.put_item(TableName=directory, Item=item(pk="A#a1", sk="agency", standing="approved"))
    answer = dynamodb.batch_get_item(RequestItems={
        orders: {"Keys": [item(pk="o1", sk="order"), item(pk="o1", sk="details")], "ConsistentRead": True},
        directory: {"Keys": [item(pk="A#a1", sk="agency")], "ConsistentRead": True}})
    found = {table: len(items) for table, items in answer["Responses"].items()}
    tell("BatchGetItem reads two tables at once", found == {orders: 2, directory: 1} and not answer["UnprocessedKeys"], found)
    refused = error(dynamodb.batch_get_item, RequestItems={orders: {"Keys": [item(pk="o1", sk="order")] * 2}})
    tell("the same key twice in it is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)
    refused = error(dynamodb.batch_get_item, RequestItems={orders: {"Keys": [item(pk=f"k{n}", sk="order") for n in range(101)]}})
    tell("101 keys in it are refused", refused is not None, refused)


def stream(dynamodb, orders):
    dynamodb.put_item(TableName=orders, Item=item(pk="s1", sk="order", st="open", v=1))
    dynamodb.put_item(TableName=orders, Item=item(pk="s1", sk="order", st="open", v=1))
    dynamodb.put_item(TableName=orders, Item=item(pk="s1", sk="order", st="claimed", v=2))
    time.sleep(1)
    streams = client("dynamodbstreams")
    arn = dynamodb.describe_table(TableName=orders)["Table"]["LatestStreamArn"]
    records = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        for _ in range(5):
            answer = streams.get_records(ShardIterator=iterator)
            records += answer["Records"]
            iterator = answer.get("NextShardIterator")
            if not iterator:
                break
    ours = [record for record in records if record["dynamodb"]["Keys"]["pk"]["S"] == "s1"]
    tell("a stream has old and new images, in order",
         bool(ours) and ours[-1]["dynamodb"].get("OldImage", {}).get("v") == {"N": "1"} and ours[-1]["dynamodb"]["NewImage"]["v"] == {"N": "2"}, ours)
    tell("a write that changes nothing makes no record", [record["eventName"] for record in ours] == ["INSERT", "MODIFY"],
         [record["eventName"] for record in ours])


def queues():
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName=f"dead-{RUN}")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = sqs.create_queue(QueueName=f"queue-{RUN}", Attributes={
        "VisibilityTimeout": "1", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    tell("creating the same queue again answers its URL", sqs.create_queue(QueueName=f"dead-{RUN}")["QueueUrl"] == dead)
    refused = error(sqs.create_queue, QueueName=f"dead-{RUN}", Attributes={"VisibilityTimeout": "7"})
    tell("with other attributes it is refused", refused is not None, refused)

    sent = error(sqs.send_message, QueueUrl=url, MessageBody="fair", MessageGroupId="wxyz1")
    tell("a standard queue takes a MessageGroupId", sent is None, sent)
    answer = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageSystemAttributeNames=["All"], WaitTimeSeconds=2).get("Messages", [{}])
    tell("and gives it back", answer[0].get("Attributes", {}).get("MessageGroupId") == "wxyz1", answer)
    if answer[0].get("ReceiptHandle"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=answer[0]["ReceiptHandle"])

    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=2)
    early = sqs.receive_message(QueueUrl=url).get("Messages", [])
    began = time.monotonic()
    late = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
    waited = time.monotonic() - began
    tell("DelaySeconds holds a message back", not early and len(late) == 1, (early, late))
    tell("a long poll is answered when the message comes", 1.0 < waited < 3.5, f"{waited:.2f} s")
    refused = error(sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901)
    tell("a delay over 900 s is refused", refused is not None)
    refused = error(sqs.send_message, QueueUrl=url, MessageBody="x" * (1024 * 1024 + 1))
    tell("a message over 1 MiB is refused", refused is not None)

    # `later` has been received once; once more, then it is a dead letter.
    time.sleep(1.5)
    second = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"], WaitTimeSeconds=2).get("Messages", [{}])
    tell("the receive count rises", second[0].get("Attributes", {}).get("ApproximateReceiveCount") == "2", second)
    time.sleep(1.5)
    third = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    buried = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=3).get("Messages", [])
    tell("after maxReceiveCount it is a dead letter", not third and [letter["Body"] for letter in buried] == ["later"], (third, buried))
    entries = [{"Id": str(n), "MessageBody": "x", "DelaySeconds": 1000 if n == 1 else 0} for n in range(2)]
    try:
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        seen = ([entry["Id"] for entry in answer.get("Successful", [])], [entry["Id"] for entry in answer.get("Failed", [])])
    except ClientError as refusal:
        seen = refusal.response["Error"]
    tell("a batch answers entry by entry", seen == (["0"], ["1"]), seen)
    refused = error(sqs.delete_message, QueueUrl=url, ReceiptHandle="nonsense")
    tell("a receipt that is none is ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid" in str((refused or {}).get("Error")), refused)
    refused = error(sqs.send_message, QueueUrl=url + "-none", MessageBody="x")
    tell("a queue that is not there is QueueDoesNotExist", "NonExistentQueue" in str((refused or {}).get("Error")) or "QueueDoesNotExist" in str((refused or {}).get("Error")), refused)
    return sqs, url, arn, dead, dead_arn


def schedules(sqs, url, arn, dead_arn):
    scheduler = client("scheduler")
    group, name = f"timers-{RUN}", f"order-1-g-{int(time.time())}"
    sqs.purge_queue(QueueUrl=url)
    scheduler.create_schedule_group(Name=group)
    due = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=3)
    schedule = dict(Name=name, GroupName=group, ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/timers", "Input": json.dumps({"kind": "timer"}),
                            "DeadLetterConfig": {"Arn": dead_arn}})
    scheduler.create_schedule(**schedule)
    refused = error(scheduler.create_schedule, **schedule)
    tell("a schedule that exists is ConflictException", (refused or {}).get("Error", {}).get("Code") == "ConflictException", refused)
    refused = error(scheduler.create_schedule, **{**schedule, "Name": "n" * 65})
    tell("a name over 64 characters is refused", refused is not None)
    refused = error(scheduler.create_schedule, **{**schedule, "Name": "other", "GroupName": "none"})
    tell("a group that is not there is ResourceNotFoundException", (refused or {}).get("Error", {}).get("Code") == "ResourceNotFoundException", refused)
    message = None
    while message is None and datetime.now(timezone.utc) < due + timedelta(seconds=62):
        message = next(iter(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])), None)
    late = (datetime.now(timezone.utc) - due).total_seconds()
    tell("it fires within 60 s after its time, never before", message is not None and 0 <= late <= 60, f"{late:.1f} s, {message}")
    print(f"         fired {late:.1f} s after its time")
    tell("its input is the message's body", message is not None and message["Body"] == schedule["Target"]["Input"], message)
    time.sleep(2)
    refused = error(scheduler.get_schedule, Name=name, GroupName=group)
    tell("it deletes itself", (refused or {}).get("Error", {}).get("Code") == "ResourceNotFoundException", refused)

    # At the end: where it is not refused, it fires.
    past = {**schedule, "Name": "past", "ScheduleExpression": "at(2020-01-01T00:00:00)"}
    refused = error(scheduler.create_schedule, **past)
    tell("a time in the past is a ValidationException", (refused or {}).get("Error", {}).get("Code") == "ValidationException", refused)


def bus(sqs, url, arn):
    events, name = client("events"), f"homehail-{RUN}"
    events.create_event_bus(Name=name)
    events.put_rule(Name="archive", EventBusName=name, EventPattern=json.dumps({"source": ["homehail.orders"]}))
    failed = events.put_targets(Rule="archive", EventBusName=name, Targets=[{"Id": "archive", "Arn": arn}])["FailedEntryCount"]
    tell("a rule takes a queue for target", failed == 0, failed)
    sqs.purge_queue(QueueUrl=url)
    entry = {"Source": "homehail.orders", "DetailType": "order.claimed", "Detail": json.dumps({"order_id": "o1", "version": 3}), "EventBusName": name}
    answer = events.put_events(Entries=[entry, {**entry, "Source": "another"}])
    tell("PutEvents answers an id an entry", answer["FailedEntryCount"] == 0 and all("EventId" in one for one in answer["Entries"]), answer)
    bodies, until = [], time.monotonic() + 4
    while time.monotonic() < until:
        bodies += [json.loads(found["Body"]) for found in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])]
    tell("the event that matches arrives, once within its visibility, the other does not",
         len({body["id"] for body in bodies}) == 1 and bodies[0]["detail"]["version"] == 3 and bodies[0]["detail-type"] == "order.claimed", bodies)
    tell("with the documented envelope", bool(bodies) and {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"} <= set(bodies[0]), bodies)
    answer = events.put_events(Entries=[entry, {**entry, "Detail": "not json"}])
    tell("an entry that is not JSON fails by itself", answer["FailedEntryCount"] == 1 and "EventId" in answer["Entries"][0] and "ErrorCode" in answer["Entries"][1], answer)
    refused = error(events.put_events, Entries=[entry] * 11)
    tell("11 entries are refused", refused is not None)


def access(sqs):
    """One role, one agency's queue by its session tag: as the template has it."""
    iam, sts = client("iam"), client("sts")
    account = sts.get_caller_identity()["Account"]
    role = f"polling-{RUN}"
    prefix = f"offers-{RUN}-"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}))
    iam.put_role_policy(RoleName=role, PolicyName="own-queue", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
         "Resource": f"arn:aws:sqs:*:{account}:{prefix}${{aws:PrincipalTag/agency}}"}]}))
    own = sqs.create_queue(QueueName=f"{prefix}one")["QueueUrl"]
    other = sqs.create_queue(QueueName=f"{prefix}two")["QueueUrl"]
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="one", DurationSeconds=900,
                           Tags=[{"Key": "agency", "Value": "one"}])["Credentials"]
    tell("AssumeRole gives keys for as long as asked",
         abs((keys["Expiration"] - datetime.now(timezone.utc)).total_seconds() - 900) < 30, keys["Expiration"])
    refused = error(sts.assume_role, RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="one", DurationSeconds=899)
    tell("for less than 900 s it is refused", refused is not None)
    agency = client("sqs", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    tell("the keys open the agency's own queue", error(agency.receive_message, QueueUrl=own) is None)
    tell("not another's", error(agency.receive_message, QueueUrl=other) is not None, "allowed")
    tell("and not for sending", error(agency.send_message, QueueUrl=own, MessageBody="x") is not None, "allowed")


def main() -> int:
    dynamodb, orders, directory = tables()
    writes(dynamodb, orders, directory)
    reads(dynamodb, orders, directory)
    stream(dynamodb, orders)
    sqs, url, arn, dead, dead_arn = queues()
    bus(sqs, url, arn)
    access(sqs)
    schedules(sqs, url, arn, dead_arn)
    unlike = differences ^ (MINISTACK if ENDPOINT else set())
    print(f"{len(differences)} differences" + "".join(f"\nnot as it was: {what}" for what in sorted(unlike)))
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
