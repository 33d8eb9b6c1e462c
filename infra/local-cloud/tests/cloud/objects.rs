//! Objects: written whole, found again, replaced, deleted, locked.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use local_cloud::iam::RoleDescription;
use serde_json::json;

use crate::world::{World, code};

const BUCKET: &str = "things";

async fn put(s3: &Client, key: &str, body: &str) -> PutObjectOutput {
    let put = s3.put_object().bucket(BUCKET).key(key);
    put.body(ByteStream::from(body.as_bytes().to_vec()))
        .send()
        .await
        .unwrap()
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
    let pages = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix(prefix)
        .max_keys(2);
    let mut pages = pages.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        keys.extend(page.contents().iter().filter_map(|o| o.key.clone()));
    }
    keys
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_written() {
    let world = World::new().await;
    world.bucket(BUCKET, false, None).await;
    let s3 = world.s3();
    let key = "lists/0 +\u{e9}&<.jwt";
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(ByteStream::from_static(b"a list"))
        .content_type("application/statuslist+jwt")
        .cache_control("max-age=900")
        .metadata("list", "0");
    let put = put.send().await.unwrap();
    let etag = put.e_tag().unwrap();
    assert_eq!(etag, "\"1bd9c49214f22d35812f91c726956e82\"");
    assert!(
        put.checksum_crc32().is_some(),
        "the SDK's own checksum was checked"
    );
    assert_eq!(put.version_id(), None);
    let head = s3
        .head_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(6));
    assert_eq!(head.content_type(), Some("application/statuslist+jwt"));
    assert_eq!(head.cache_control(), Some("max-age=900"));
    assert_eq!(head.metadata().unwrap()["list"], "0");
    assert_eq!(head.e_tag(), Some(etag));
    assert_eq!(text(&s3, key).await.unwrap(), "a list");
    let unchanged = s3.get_object().bucket(BUCKET).key(key).if_none_match(etag);
    let unchanged = unchanged.send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
}

#[tokio::test]
async fn what_is_missing_is_said_so() {
    let world = World::new().await;
    world.bucket(BUCKET, false, None).await;
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
}

#[tokio::test]
async fn one_of_many_writers_is_the_first() {
    let world = World::new().await;
    world.bucket(BUCKET, true, None).await;
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
async fn a_bucket_is_listed_by_folder_and_page() {
    let world = World::new().await;
    world.bucket(BUCKET, false, None).await;
    let s3 = world.s3();
    for key in ["a", "log/1", "log/2", "log/3/x", "log/3/y", "z<&>"] {
        put(&s3, key, key).await;
    }
    assert_eq!(
        keys(&s3, "").await,
        ["a", "log/1", "log/2", "log/3/x", "log/3/y", "z<&>"]
    );
    assert_eq!(keys(&s3, "log/3/").await, ["log/3/x", "log/3/y"]);
    let mut token = None;
    let (mut objects, mut folders) = (Vec::new(), Vec::new());
    loop {
        let page = s3
            .list_objects_v2()
            .bucket(BUCKET)
            .delimiter("/")
            .max_keys(1);
        let page = page.set_continuation_token(token).send().await.unwrap();
        objects.extend(page.contents().iter().filter_map(|o| o.key.clone()));
        folders.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|p| p.prefix.clone()),
        );
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(
        (objects, folders),
        (vec!["a".into(), "z<&>".into()], vec!["log/".into()])
    );
    let after = s3.list_objects_v2().bucket(BUCKET).start_after("log/2");
    assert_eq!(after.send().await.unwrap().key_count(), Some(3));
}

#[tokio::test]
async fn versions_are_kept_and_locked_ones_stay() {
    let world = World::new().await;
    world.bucket(BUCKET, true, Some(30)).await;
    let s3 = world.s3();
    let first = put(&s3, "checkpoint", "first").await.version_id.unwrap();
    put(&s3, "checkpoint", "second").await;
    assert_eq!(text(&s3, "checkpoint").await.unwrap(), "second");
    let old = || {
        s3.get_object()
            .bucket(BUCKET)
            .key("checkpoint")
            .version_id(&first)
    };
    let object = old().send().await.unwrap();
    assert!(object.object_lock_retain_until_date().is_some());
    assert_eq!(
        &object.body.collect().await.unwrap().into_bytes()[..],
        b"first"
    );
    let deleted = s3
        .delete_object()
        .bucket(BUCKET)
        .key("checkpoint")
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    assert_eq!(text(&s3, "checkpoint").await.unwrap_err(), "NoSuchKey");
    assert!(keys(&s3, "").await.is_empty());
    let purge = |id: &str| {
        s3.delete_object()
            .bucket(BUCKET)
            .key("checkpoint")
            .version_id(id)
            .send()
    };
    assert_eq!(code(purge(&first).await), "AccessDenied");
    old().send().await.unwrap();
    // The marker itself is not locked; without it the object is there again.
    purge(&deleted.version_id.unwrap()).await.unwrap();
    assert_eq!(text(&s3, "checkpoint").await.unwrap(), "second");
    world.advance(30 * 86_400);
    purge(&first).await.unwrap();
    assert_eq!(code(old().send().await), "NoSuchVersion");
}

#[tokio::test]
async fn a_role_reaches_the_objects_that_its_policy_names() {
    let world = World::new().await;
    world.bucket(BUCKET, false, None).await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    let policies = [json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws-cn:s3:::things/photos/*"}
    ]})];
    let role = RoleDescription {
        name: "photos",
        trust: &trust,
        policies: &policies,
        max_session_seconds: 3_600,
    };
    world.identities.add_role(&role).unwrap();
    world
        .identities
        .add_role_key("photos", "photos", "FUNCTION", "function-secret");
    let s3 = Client::new(&world.sdk_as("FUNCTION", "function-secret"));
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
    let guesser = Client::new(&world.sdk_as("FUNCTION", "guess"));
    assert_eq!(
        text(&guesser, "photos/1").await.unwrap_err(),
        "SignatureDoesNotMatch"
    );
}

#[tokio::test]
async fn a_stream_of_bytes_and_a_large_object_arrive_whole() {
    let world = World::new().await;
    world.bucket(BUCKET, false, None).await;
    let s3 = world.s3();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("part.jsonl");
    let body = "{\"row\":1}\n".repeat(1_000_000);
    tokio::fs::write(&path, &body).await.unwrap();
    // A file is streamed, with its checksum in a trailer.
    let stream = ByteStream::from_path(&path).await.unwrap();
    let part = s3.put_object().bucket(BUCKET).key("part").body(stream);
    part.send().await.unwrap();
    assert!(text(&s3, "part").await.unwrap() == body);
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
    world.bucket(BUCKET, false, None).await;
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
    let s3 = world.s3();
    assert_eq!(keys(&s3, "").await, ["kept", "replaced"]);
    assert_eq!(text(&s3, "kept").await.unwrap(), "before");
    assert_eq!(text(&s3, "replaced").await.unwrap(), "after");
    assert_eq!(files(&folder), 2);
}
