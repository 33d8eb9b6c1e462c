//! Which parts a batch takes, and who may read how it stands.

use aws_sdk_s3::Client as S3;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// All objects of batches as they are stored.
async fn stored(world: &World) -> BTreeMap<String, Vec<u8>> {
    let s3 = S3::new(&world.platform.operator_sdk_config());
    let bucket = world.setting("FEED_BUCKET");
    let listed = s3.list_objects_v2().bucket(&bucket).send().await;
    let mut objects = BTreeMap::new();
    for object in listed.expect("the bucket answers").contents() {
        let key = object.key().expect("a key");
        let read = s3.get_object().bucket(&bucket).key(key).send().await;
        let content = read.expect("an object").body.collect().await;
        objects.insert(key.to_owned(), content.expect("its content").to_vec());
    }
    objects
}

#[tokio::test]
async fn what_a_batch_leaves_in_the_bucket_says_nothing_of_anybody() {
    let court = Court::with(2).await;
    let stranger = "11010519491231002X";
    let mut rows: Vec<Value> = court
        .workers
        .iter()
        .map(|worker| court.row(worker, Section::PersonalInsurance, HOUR))
        .collect();
    rows[0]["reference"] = json!("POLICY-4711");
    let mut unknown = rows[0].clone();
    unknown["worker"] = json!({ "id_number": stranger });
    rows.extend([unknown, json!("{\"worker\": ")]);
    let batch = court.batch(None, &rows, 2);
    court.announce(&batch).await.expect(202);
    court.put(&batch, 1).await.expect("an answer").expect(202);
    let mut objects = stored(&court.world).await;
    assert_eq!(objects.len(), 1, "its first part");
    court.put(&batch, 2).await.expect("an answer").expect(202);
    let standing = court.applied(&batch).await;
    assert_eq!(standing["rejected"][0]["detail"], "no such worker");
    objects.extend(stored(&court.world).await);
    for kind in ["parts", "shards", "rejected", "report"] {
        let folder = format!("/{kind}/");
        assert!(objects.keys().any(|key| key.contains(&folder)), "{kind}");
    }
    let mut secrets = vec![stranger, "POLICY-4711", "id_number", "no such worker"];
    for worker in &court.workers {
        secrets.extend([worker.id_number.as_str(), &worker.id]);
    }
    for (key, content) in &objects {
        let content = String::from_utf8_lossy(content);
        for secret in &secrets {
            assert!(!content.contains(secret), "{secret} is in {key}");
            assert!(!key.contains(secret), "{key}");
        }
    }
}

#[tokio::test]
async fn a_source_may_write_signature_and_hashes_as_its_tools_do() {
    let court = Court::with(1).await;
    let rows = [court.row(&court.workers[0], Section::Identity, HOUR)];
    let batch = court.batch(None, &rows, 1);
    let hash = batch.manifest["sha256"].as_str().expect("a hash");
    let batch = batch.with("sha256", json!(hash.to_uppercase()));
    let signature = URL_SAFE_NO_PAD
        .decode(sign(&batch.manifest))
        .expect("base64url");
    let body = json!({ "manifest": batch.manifest, "signature": STANDARD.encode(signature) });
    court.post(&body).await.expect("an answer").expect(202);
    court.send_parts(&batch).await;
    court.applied(&batch).await;
}

#[tokio::test]
async fn parts_that_are_not_what_was_signed_are_refused_until_they_are() {
    let court = Court::with(2).await;
    let rows: Vec<Value> = court
        .workers
        .iter()
        .map(|worker| court.row(worker, Section::Identity, HOUR))
        .collect();
    let first = court.batch(None, &rows, 2);
    court.announce(&first).await.expect(202);
    // A stranger's part, and one in another's place.
    let strange = rows[1].to_string().replace("clear", "flagged").into_bytes();
    for wrong in [strange, first.parts[0].clone(), Vec::new()] {
        let answer = court.put_bytes(&first, 2, wrong).await.expect("an answer");
        answer.expect_problem(422, "invalid");
    }
    court.put(&first, 1).await.expect("an answer").expect(202);
    assert_eq!(court.status(&first).await, "received");
    assert!(court.events(&court.workers[1]).await.is_empty());
    court.put(&first, 2).await.expect("an answer").expect(202);
    let standing = court.applied(&first).await;
    assert_eq!(
        (&standing["applied"], &standing["detail"]),
        (&json!(2), &Value::Null)
    );
    // The batch is applied: only the parts that it was applied with are accepted.
    let other = court.put_bytes(&first, 2, b"{}".to_vec()).await;
    other.expect("an answer").expect_problem(409, "conflict");
    court.put(&first, 2).await.expect("an answer").expect(202);

    // The source made a mistake: it announces this `seq` again, and the batches after it.
    let wrong = court.batch(Some(&first), &rows, 1).with("rows", json!(3));
    let after = court.batch(Some(&wrong), &rows, 1);
    court.send(&wrong).await;
    court.send(&after).await;
    assert_eq!(court.status(&wrong).await, "refused");
    assert_eq!(court.status(&after).await, "received");
    let right = court.batch(Some(&first), &rows, 1);
    court.send(&right).await;
    court.applied(&right).await;
    for gone in [&wrong, &after] {
        assert_eq!(court.status(gone).await, "refused");
        let late = court.put(gone, 1).await.expect("an answer");
        late.expect_problem(409, "conflict");
    }
    // Each part has its hash, and all of them together do not have theirs.
    let other = court.batch(Some(&right), &rows, 2);
    let other = other.with("sha256", json!("0".repeat(64)));
    court.send(&other).await;
    assert_eq!(court.status(&other).await, "refused");
    // It is read once more when a part is put again.
    court.put(&other, 1).await.expect("an answer").expect(202);
    assert_eq!(court.status(&other).await, "refused");
}

#[tokio::test]
async fn every_part_of_the_largest_batch_is_named_and_each_batch_names_its_parts() {
    let court = Court::with(1).await;
    let row = court.row(&court.workers[0], Section::Identity, HOUR);
    let batch = court.batch(None, &[row], 1);
    let hashes = |n: usize| json!(vec!["a".repeat(64); n]);
    for (parts, given, pointer) in [
        (1, Value::Null, "/manifest/part_sha256"),
        (2, hashes(1), "/manifest/part_sha256"),
        (1, hashes(2), "/manifest/part_sha256"),
        (1, json!(["x"]), "/manifest/part_sha256/0"),
    ] {
        let batch = batch.with("parts", json!(parts)).with("part_sha256", given);
        let told = court.announce(&batch).await;
        assert_eq!(told.pointers(), [pointer]);
        told.expect_problem(422, "invalid");
    }
    let largest = batch
        .with("parts", json!(1_000))
        .with("part_sha256", hashes(1_000));
    let body = json!({ "manifest": largest.manifest, "signature": sign(&largest.manifest) });
    assert!(body.to_string().len() > 64 * 1024);
    let too_large = batch.with("part_sha256", hashes(2_000));
    let told = court.announce(&too_large).await;
    let told = told.expect_problem(413, "too-large");
    assert_eq!(told["detail"], "The body is larger than 128 KiB.");
    court.announce(&largest).await.expect(202);
}

#[tokio::test]
async fn who_may_ask_and_what_a_part_may_be() {
    let court = Court::with(1).await;
    let world = &court.world;
    let mut rows: Vec<Value> = (0..1_500)
        .map(|n| json!(format!("{{\"row\":{n}}}")))
        .collect();
    // A part of 4 MiB to the byte; white space around a row is none of it.
    let bytes: usize = rows
        .iter()
        .map(|row| row.as_str().map_or(0, str::len) + 1)
        .sum();
    rows[0] = json!(format!(
        "{}{{\"row\":0}}",
        " ".repeat(4 * 1024 * 1024 - bytes)
    ));
    let batch = court.batch(None, &rows, 1);
    court.announce(&batch).await.expect(202);
    let path = format!("/v1/credit-feeds/{SOURCE}/batches/{}", batch.id());
    let customer = world.customer("demo-customer-1").await;
    let asked = world.call("GET", &path).token(&customer).send().await;
    asked.expect_problem(403, "forbidden");
    let asked = world.call("GET", &path).token("x").send().await;
    asked.expect_problem(401, "unauthenticated");
    for other in [
        format!("/v1/credit-feeds/{SOURCE}/batches/another"),
        format!("/v1/credit-feeds/another/batches/{}", batch.id()),
        format!("/v1/credit-feeds/{SOURCE}/batches/.."),
    ] {
        world
            .call("GET", &other)
            .send()
            .await
            .expect_problem(404, "not-found");
    }
    for part in ["0", "2", "-1", "one", "1.0"] {
        let put = world.call("PUT", &format!("{path}/parts/{part}"));
        let put = put.raw("application/x-ndjson", b"{}".to_vec()).send().await;
        put.expect_problem(404, "not-found");
    }
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    let put = court.put_bytes(&batch, 1, large).await.expect("an answer");
    put.expect_problem(413, "too-large");
    let largest = vec![b' '; 4 * 1024 * 1024];
    let put = court
        .put_bytes(&batch, 1, largest)
        .await
        .expect("an answer");
    put.expect_problem(422, "invalid");
    court.send_parts(&batch).await;
    let standing = court.applied(&batch).await;
    assert_eq!(standing["rejected_total"], 1_500);
    assert_eq!(standing["rejected"].as_array().map(Vec::len), Some(1_000));
    let cursor = standing["next_cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let rest = court.read(&batch, &format!("?cursor={cursor}")).await;
    assert_eq!(rest["rejected"][0]["line"], 1_001);
    assert_eq!(rest["rejected"].as_array().map(Vec::len), Some(500));
    assert_eq!(rest["next_cursor"], Value::Null);
    for cursor in ["0", "2", "x", "01"] {
        let asked = world.call("GET", &format!("{path}?cursor={cursor}"));
        asked.send().await.expect_problem(400, "malformed");
    }
    let authority = world.authority().await;
    let asked = world.call("GET", &path).token(&authority).send().await;
    assert_eq!(asked.expect(200)["status"], "applied");
}
