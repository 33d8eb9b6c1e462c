//! What a source signed is verified again before anything of it is applied.

use aws_sdk_dynamodb::Client as Dynamo;
use aws_sdk_dynamodb::types::AttributeValue;

use super::*;

/// Sets or removes an attribute of a batch, as whoever can write the table can.
async fn tamper(world: &World, batch: &Batch, attribute: &str, value: Option<&str>) {
    let dynamo = Dynamo::new(&world.platform.operator_sdk_config());
    let change = match value {
        Some(_) => "SET #at = :value",
        None => "REMOVE #at",
    };
    let value = value.map(|value| AttributeValue::S(value.to_owned()));
    let key = |text: String| AttributeValue::S(text);
    let update = dynamo
        .update_item()
        .table_name(world.setting("WORKERS_TABLE"))
        .key("pk", key(format!("F#{SOURCE}")))
        .key("sk", key(format!("batch#{}", batch.id())))
        .condition_expression("attribute_exists(pk)")
        .update_expression(change)
        .expression_attribute_names("#at", attribute)
        .set_expression_attribute_values(value.map(|value| [(":value".to_owned(), value)].into()));
    update.send().await.expect("the batch is changed");
}

#[tokio::test]
async fn a_batch_that_its_source_did_not_sign_is_not_applied_however_it_got_there() {
    let court = Court::with(1).await;
    let worker = &court.workers[0];
    let clear = court.row(worker, Section::Dishonesty, HOUR);
    let mut flagged = clear.clone();
    flagged["state"] = json!("flagged");
    let forged = court.batch(None, &[flagged], 1);
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a key");
    let by_stranger = stranger.sign(&signed_form(&forged.manifest));
    let by_stranger = URL_SAFE_NO_PAD.encode(by_stranger.as_ref());
    for (case, attribute, value) in [
        ("another manifest", "mf", None),
        ("a stranger's signature", "sg", Some(by_stranger)),
        ("announced before it was kept", "sg", None),
    ] {
        let batch = court.batch(None, std::slice::from_ref(&clear), 1);
        court.announce(&batch).await.expect(202);
        if attribute == "mf" {
            let manifest = forged.with("batch_id", batch.manifest["batch_id"].clone());
            let manifest = String::from_utf8(signed_form(&manifest.manifest)).expect("text");
            tamper(&court.world, &batch, attribute, Some(&manifest)).await;
            let put = court.put_bytes(&batch, 1, forged.parts[0].clone()).await;
            put.expect("an answer").expect(202);
        } else {
            tamper(&court.world, &batch, attribute, value.as_deref()).await;
            court.send_parts(&batch).await;
        }
        assert_eq!(court.status(&batch).await, "refused", "{case}");
        let detail = court.read(&batch, "").await["detail"].clone();
        assert!(
            detail.to_string().contains("not signed"),
            "{case}: {detail}"
        );
        assert!(court.events(worker).await.is_empty(), "{case}");
    }
    // The source announces the `seq` again.
    let again = court.batch(None, &[clear], 1);
    court.send(&again).await;
    court.applied(&again).await;
    assert_eq!(court.events(worker).await.len(), 1);
}
