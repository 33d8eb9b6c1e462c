//! Objects: writing, reading, replacing, deleting and object lock.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use futures::StreamExt;
use serde_json::json;

use crate::world::{World, code};

const BUCKET: &str = "things";

async fn put(s3: &Client, key: &str, body: &str) {
    let put = s3.put_object().bucket(BUCKET).key(key);
    let put = put.body(ByteStream::from(body.as_bytes().to_vec()));
    put.send().await.unwrap();
}

async fn text(s3: &Client, key: &str) -> Result<String, String> {
    match s3.get_object().bucket(BUCKET).key(key).send().await {
        Ok(object) => {
            let body = object.body.collect().await.unwrap().into_bytes();
            Ok(String::from_utf8(body.to_vec()).unwrap())
        }
        refused => Err(code(refused)),
    }
}

async fn keys(s3: &Client, prefix: &str) -> Vec<String> {
    let list = s3.list_objects_v2().bucket(BUCKET).prefix(prefix);
    let page = list.send().await.unwrap();
    page.contents()
        .iter()
        .filter_map(|o| o.key.clone())
        .collect()
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_written() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    let key = "lists/0 +\u{e9}&<.jwt";
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(ByteStream::from_static(b"a list"))
        .content_type("application/statuslist+jwt");
    let put = put.send().await.unwrap();
    let etag = put.e_tag().unwrap();
    assert_eq!(etag, "\"1bd9c49214f22d35812f91c726956e82\"");
    assert!(
        put.checksum_crc32().is_some(),
        "the SDK's own checksum was checked"
    );
    let head = s3
        .head_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(6));
    assert_eq!(head.content_type(), Some("application/statuslist+jwt"));
    assert_eq!(head.e_tag(), Some(etag));
    assert_eq!(text(&s3, key).await.unwrap(), "a list");
}

#[tokio::test]
async fn missing_objects_and_unsupported_operations_are_refused() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    assert_eq!(text(&s3, "nothing").await.unwrap_err(), "NoSuchKey");
    let head = s3.head_object().bucket(BUCKET).key("nothing").send().await;
    assert!(head.unwrap_err().into_service_error().is_not_found());
    let elsewhere = s3.get_object().bucket("nowhere").key("k").send().await;
    assert_eq!(code(elsewhere), "NoSuchBucket");
    let delete = s3.delete_object().bucket(BUCKET).key("nothing");
    delete.send().await.unwrap();
    let copy = s3
        .copy_object()
        .bucket(BUCKET)
        .key("k")
        .copy_source("things/x");
    assert_eq!(code(copy.send().await), "NotImplemented");
    let tagged = s3.get_object_tagging().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(tagged), "NotImplemented");
    let put = || s3.put_object().bucket(BUCKET).key("k");
    for refused in [
        put().cache_control("max-age=900"),
        put().metadata("a", "b"),
        put().checksum_algorithm(ChecksumAlgorithm::Sha256),
    ] {
        assert_eq!(code(refused.send().await), "NotImplemented");
    }
    let get = || s3.get_object().bucket(BUCKET).key("k");
    for refused in [
        get().range("bytes=0-1"),
        get().if_none_match("x"),
        get().version_id("x"),
    ] {
        assert_eq!(code(refused.send().await), "NotImplemented");
    }
    let folders = s3.list_objects_v2().bucket(BUCKET).delimiter("/");
    assert_eq!(code(folders.send().await), "NotImplemented");
}

#[tokio::test]
async fn a_body_with_a_wrong_checksum_is_refused() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    let put = s3.put_object().bucket(BUCKET).key("k");
    let put = put.body(ByteStream::from_static(b"a list"));
    let put = put.checksum_crc32("y/Q5Jg==").send().await;
    assert_eq!(code(put), "BadDigest");
    assert_eq!(text(&s3, "k").await.unwrap_err(), "NoSuchKey");
}

#[tokio::test]
async fn one_of_many_writers_is_the_first() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    let writers: Vec<_> = (0..20)
        .map(|i| {
            let put = s3
                .put_object()
                .bucket(BUCKET)
                .key("once")
                .if_none_match("*");
            let put = put.body(ByteStream::from(i.to_string().into_bytes()));
            tokio::spawn(async move { (i, put.send().await) })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        match writer.await.unwrap() {
            (i, Ok(_)) => won.push(i.to_string()),
            (_, refused) => assert_eq!(code(refused), "PreconditionFailed"),
        }
    }
    assert_eq!(won, [text(&s3, "once").await.unwrap()]);
    s3.delete_object()
        .bucket(BUCKET)
        .key("once")
        .send()
        .await
        .unwrap();
    let again = s3
        .put_object()
        .bucket(BUCKET)
        .key("once")
        .if_none_match("*");
    again.send().await.unwrap();
}

#[tokio::test]
async fn an_object_is_replaced_only_with_its_current_etag() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    put(&s3, "list", "first").await;
    let head = || s3.head_object().bucket(BUCKET).key("list").send();
    let etag = head().await.unwrap().e_tag.unwrap();
    let replace = |body: &'static str| {
        let put = s3.put_object().bucket(BUCKET).key("list");
        put.body(ByteStream::from_static(body.as_bytes()))
            .if_match(&etag)
            .send()
    };
    replace("second").await.unwrap();
    assert_eq!(code(replace("third").await), "PreconditionFailed");
    assert_eq!(text(&s3, "list").await.unwrap(), "second");
}

#[tokio::test]
async fn a_bucket_is_listed_in_pages_of_a_thousand() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    for key in ["a", "log/1", "log/2", "log/3/x", "z<&>"] {
        put(&s3, key, key).await;
    }
    assert_eq!(keys(&s3, "log/").await, ["log/1", "log/2", "log/3/x"]);
    let after = s3.list_objects_v2().bucket(BUCKET).start_after("log/2");
    let after = after.send().await.unwrap();
    assert_eq!(after.key_count(), Some(2));
    assert_eq!(after.contents()[1].key(), Some("z<&>"));
    let s3 = &s3;
    let many = (0..1_000).map(|i| async move { put(s3, &format!("many/{i:04}"), "x").await });
    futures::stream::iter(many)
        .buffer_unordered(16)
        .collect::<()>()
        .await;
    let mut sizes = Vec::new();
    let pages = s3.list_objects_v2().bucket(BUCKET).into_paginator();
    let mut pages = pages.send();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().contents().len());
    }
    assert_eq!(sizes, [1_000, 5]);
}

#[tokio::test]
async fn a_locked_object_is_neither_replaced_nor_deleted() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, true);
    let s3 = world.s3();
    put(&s3, "checkpoint", "first").await;
    let again = || {
        let put = s3.put_object().bucket(BUCKET).key("checkpoint");
        put.body(ByteStream::from_static(b"second"))
    };
    assert_eq!(code(again().send().await), "NotImplemented");
    let once = again().if_none_match("*").send().await;
    assert_eq!(code(once), "PreconditionFailed");
    let delete = s3.delete_object().bucket(BUCKET).key("checkpoint");
    assert_eq!(code(delete.send().await), "NotImplemented");
    assert_eq!(text(&s3, "checkpoint").await.unwrap(), "first");
}

#[tokio::test]
async fn a_role_reaches_the_objects_that_its_policy_names() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let photos = json!([{
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": "arn:aws-cn:s3:::things/photos/*",
    }]);
    world.role("photos", "lambda", photos);
    let s3 = Client::new(&world.sdk_as("photos", "secret"));
    put(&s3, "photos/1", "x").await;
    assert_eq!(text(&s3, "photos/1").await.unwrap(), "x");
    assert_eq!(text(&s3, "parts/1").await.unwrap_err(), "AccessDenied");
    assert_eq!(
        text(&s3, "photos/2").await.unwrap_err(),
        "AccessDenied",
        "who may not list is not told that it is missing"
    );
    let delete = s3
        .delete_object()
        .bucket(BUCKET)
        .key("photos/1")
        .send()
        .await;
    assert_eq!(code(delete), "AccessDenied");
    let list = s3.list_objects_v2().bucket(BUCKET).send().await;
    assert_eq!(code(list), "AccessDenied");
    let stranger = Client::new(&world.sdk_as("nobody", "secret"));
    assert_eq!(
        text(&stranger, "photos/1").await.unwrap_err(),
        "InvalidAccessKeyId"
    );
    let guesser = Client::new(&world.sdk_as("photos", "guess"));
    assert_eq!(
        text(&guesser, "photos/1").await.unwrap_err(),
        "SignatureDoesNotMatch"
    );
}

#[tokio::test]
async fn a_large_object_arrives_whole() {
    let world = World::new().await;
    world.cloud.create_bucket(BUCKET, false);
    let body = "{\"row\":1}\n".repeat(1_000_000);
    put(&world.s3(), "part", &body).await;
    assert!(text(&world.s3(), "part").await.unwrap() == body);
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn objects_are_there_again_and_what_is_gone_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cloud.sqlite");
    let folder = directory.path().join("cloud.objects");
    let world = World::open(Some(&file)).await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    for key in ["kept", "replaced", "deleted"] {
        put(&s3, key, "before").await;
    }
    put(&s3, "replaced", "after").await;
    s3.delete_object()
        .bucket(BUCKET)
        .key("deleted")
        .send()
        .await
        .unwrap();
    assert_eq!(files(&folder), 2);
    world.close().await;
    // As a process leaves it that ended between the file and the journal.
    std::fs::write(folder.join("orphan"), "x").unwrap();

    let world = World::open(Some(&file)).await;
    world.cloud.create_bucket(BUCKET, false);
    let s3 = world.s3();
    assert_eq!(keys(&s3, "").await, ["kept", "replaced"]);
    assert_eq!(text(&s3, "kept").await.unwrap(), "before");
    assert_eq!(text(&s3, "replaced").await.unwrap(), "after");
    assert_eq!(files(&folder), 2);
}
