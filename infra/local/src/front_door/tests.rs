//! What a role's policies allow and refuse at the front door of DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, KeysAndAttributes, Put, TransactGetItem, TransactWriteItem,
};

use super::*;
use crate::keys::AccessKey;
use crate::sdk::{self, Endpoints};
use crate::test_bed::TestBed;
use crate::{ACCOUNT, REGION};

struct Door {
    bed: TestBed,
    operator: Client,
    worker: Client,
    stranger: Client,
    forger: Client,
}

fn key(id: &str) -> AccessKey {
    AccessKey {
        id: id.to_owned(),
        secret: format!("secret of {id}"),
    }
}

async fn door() -> Door {
    let bed = TestBed::new().await;
    bed.identities
        .add_operator("OPERATOR", &key("OPERATOR").secret);
    bed.identities
        .add_role_key("worker", "worker", "WORKER", &key("WORKER").secret);
    let door = FrontDoor::new(&bed.dynamo, Arc::clone(&bed.identities), bed.wire.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoints = Endpoints {
        dynamodb: format!("http://{}", listener.local_addr().unwrap()),
        cloud: String::new(),
    };
    tokio::spawn(async move { axum::serve(listener, door.router()).await.unwrap() });
    let client =
        |key: AccessKey| Client::new(&sdk::config(&key, REGION, &endpoints, sdk::plain_client()));
    Door {
        operator: client(key("OPERATOR")),
        worker: client(key("WORKER")),
        stranger: client(key("STRANGER")),
        forger: client(AccessKey {
            secret: "another".to_owned(),
            ..key("WORKER")
        }),
        bed,
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn put(client: &Client, table: &str) -> Result<(), Option<String>> {
    client
        .put_item()
        .table_name(table)
        .item("pk", text("1"))
        .item("owner", text("o"))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| error.code().map(str::to_owned))
}

fn denied<T>() -> Result<T, Option<String>> {
    Err(Some("AccessDeniedException".to_owned()))
}

#[tokio::test]
async fn a_role_may_do_only_what_its_policies_allow() {
    let door = door().await;
    assert_eq!(put(&door.worker, "things").await, Ok(()));
    assert_eq!(put(&door.worker, "others").await, denied());
    assert_eq!(put(&door.operator, "others").await, Ok(()));
    let deleted = door
        .worker
        .delete_item()
        .table_name("things")
        .key("pk", text("1"))
        .send()
        .await;
    let code = deleted.unwrap_err().code().map(str::to_owned);
    assert_eq!(code.as_deref(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_secret_are_told_apart() {
    let door = door().await;
    let code = put(&door.stranger, "things").await.unwrap_err();
    assert_eq!(code.as_deref(), Some("UnrecognizedClientException"));
    let code = put(&door.forger, "things").await.unwrap_err();
    assert_eq!(code.as_deref(), Some("InvalidSignatureException"));
}

#[tokio::test]
async fn an_index_needs_its_own_permission() {
    let door = door().await;
    let query = |index: Option<&str>, condition: &str| {
        door.worker
            .query()
            .table_name("things")
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression(condition)
            .expression_attribute_values(":x", text("1"))
            .send()
    };
    assert!(query(None, "pk = :x").await.is_ok());
    let refused = query(Some("by-owner"), "#o = :x").await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn every_part_of_a_transaction_is_checked() {
    let door = door().await;
    let part = |table: &str| {
        let put = Put::builder().table_name(table).item("pk", text("2"));
        TransactWriteItem::builder()
            .put(put.build().unwrap())
            .build()
    };
    let write = |tables: &[&str]| {
        let items = tables.iter().map(|table| part(table)).collect();
        let call = door.worker.transact_write_items();
        call.set_transact_items(Some(items)).send()
    };
    assert!(write(&["things"]).await.is_ok());
    let refused = write(&["things", "others"]).await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let get = Get::builder().table_name("others").key("pk", text("2"));
    let get = TransactGetItem::builder().get(get.build().unwrap()).build();
    let read = door.worker.transact_get_items().transact_items(get).send();
    let refused = read.await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn a_role_reaches_the_partitions_that_its_policy_names() {
    let door = door().await;
    for pk in ["W#1", "N#1"] {
        let item = door.operator.put_item().table_name("things");
        item.item("pk", text(pk)).send().await.unwrap();
    }
    let table = &door.bed.stack.tables[0].name;
    let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}");
    let policies = [json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"],
        "Resource": arn,
        "Condition": { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["W#*", "V#*"] } },
    }]})];
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    }]});
    let role = local_cloud::iam::RoleDescription {
        name: "badge-verify",
        trust: &trust,
        policies: &policies,
        max_session_seconds: 3_600,
    };
    door.bed.identities.add_role(&role).unwrap();
    door.bed
        .identities
        .add_role_key("badge-verify", "verify", "WORKER", &key("WORKER").secret);
    let reader = &door.worker;
    let get = |pk: &str| {
        reader
            .get_item()
            .table_name("things")
            .key("pk", text(pk))
            .send()
    };
    assert!(get("W#1").await.is_ok());
    let refused = get("N#1").await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let batch = |pks: &[&str]| {
        let keys = KeysAndAttributes::builder().set_keys(Some(
            pks.iter()
                .map(|pk| [("pk".to_owned(), text(pk))].into())
                .collect(),
        ));
        let batch = reader.batch_get_item();
        batch.request_items("things", keys.build().unwrap()).send()
    };
    assert!(batch(&["W#1", "V#1"]).await.is_ok());
    let refused = batch(&["W#1", "N#1"]).await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let query = |pk: &str| {
        let query = reader.query().table_name("things");
        let query = query.key_condition_expression("#p = :p");
        let query = query.expression_attribute_names("#p", "pk");
        query.expression_attribute_values(":p", text(pk)).send()
    };
    assert_eq!(query("W#1").await.unwrap().count(), 1);
    let refused = query("N#1").await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
    let write = |pk: &str| {
        let put = Put::builder().table_name("things").item("pk", text(pk));
        let item = TransactWriteItem::builder().put(put.build().unwrap());
        let call = reader.transact_write_items();
        call.transact_items(item.build()).send()
    };
    assert!(write("V#1").await.is_ok());
    let refused = write("N#2").await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn capacity_is_counted_by_function_once_switched_on() {
    let door = door().await;
    put(&door.worker, "things").await.unwrap();
    assert!(door.bed.wire.usage("worker").capacity.is_empty());
    door.bed.wire.measure_capacity(true);
    put(&door.worker, "things").await.unwrap();
    let put_again = door
        .worker
        .put_item()
        .table_name("things")
        .item("pk", text("9"))
        .send()
        .await
        .unwrap();
    assert!(
        put_again.consumed_capacity().is_none(),
        "the caller did not ask for it"
    );
    let usage = door.bed.wire.usage("worker");
    let used = usage.capacity[&("things".to_owned(), "PutItem".to_owned())];
    assert!(used.write >= 2.0, "{used:?}");
    assert!((used.write_table - 2.0).abs() < f64::EPSILON, "{used:?}");
}

#[tokio::test]
async fn tables_and_streams_have_the_names_that_the_template_gives_them() {
    let door = door().await;
    let table = door
        .operator
        .describe_table()
        .table_name("things")
        .send()
        .await
        .unwrap()
        .table
        .unwrap();
    assert_eq!(
        table.table_arn(),
        Some("arn:aws:dynamodb:us-east-1:000000000000:table/things")
    );
    let stream = table.latest_stream_arn().unwrap();
    assert_eq!(stream, door.bed.dynamo.streams()[0].outer);
}
