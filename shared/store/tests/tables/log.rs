//! The log: every event gets one place, behind the one before it in its chain, whatever the index shows and however many
//! sequencers there are.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{EventId, WorkerId};
use futures::future::join_all;
use store::{Log, LogHead, Recorded, SignedCheckpoint};

use crate::world::{LEDGER, NOW, World};

fn worker(n: u8) -> WorkerId {
    WorkerId::from_bytes(&[n; 16])
}

fn hash(n: u8, seq: u64) -> [u8; 32] {
    let mut hash = [n; 32];
    hash[..8].copy_from_slice(&seq.to_be_bytes());
    hash
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn bytes(bytes: [u8; 32]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// An event as the data model has it, without a place. The index shows it, or does not yet.
async fn put(world: &World, n: u8, seq: u64, is_shown: bool) {
    let put = world
        .client
        .put_item()
        .table_name(LEDGER)
        .item("pk", text(format!("E#{}", worker(n).bare())))
        .item("sk", text(format!("event#{seq:010}")))
        .item("id", text(EventId::from_cause("test", &[&seq.to_string()])))
        .item("at", number(seq))
        .item("kd", text("correction"))
        .item("ac", text("platform"))
        .item("pc", bytes([0; 32]))
        .item("pv", bytes([0; 32]))
        .item("ha", bytes(hash(n, seq)));
    let put = if is_shown {
        put.item("un", text("u")).item("ua", number(seq))
    } else {
        put
    };
    put.send().await.unwrap();
}

/// The places of all events of these workers, by worker and seq.
async fn places(world: &World, workers: &[u8]) -> BTreeMap<(u8, u64), Option<u64>> {
    let mut places = BTreeMap::new();
    for n in workers {
        let mut pages = world
            .client
            .query()
            .table_name(LEDGER)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(format!("E#{}", worker(*n).bare())))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let seq = item["sk"].as_s().unwrap()["event#".len()..]
                .parse()
                .unwrap();
            let place = item.get("li").map(|li| li.as_n().unwrap().parse().unwrap());
            assert_eq!(place.is_some(), item.contains_key("lh"));
            assert!(place.is_none() || !item.contains_key("un"));
            places.insert((*n, seq), place);
        }
    }
    places
}

/// Checks that they are all there, once each, in each chain's order.
fn check(places: &BTreeMap<(u8, u64), Option<u64>>) {
    let mut all: Vec<u64> = places.values().map(|place| place.unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..places.len() as u64).collect::<Vec<_>>());
    let chain = places.iter().collect::<Vec<_>>();
    for pair in chain.windows(2) {
        let (((a, _), before), ((b, _), after)) = (pair[0], pair[1]);
        assert!(a != b || before < after, "{pair:?}");
    }
}

async fn sequence_all(log: &Log) -> usize {
    let mut count = 0;
    loop {
        let sequenced = log.sequence(NOW).await.unwrap();
        if sequenced.events == 0 {
            return count;
        }
        assert!(sequenced.events <= 90);
        count += sequenced.events;
    }
}

#[tokio::test]
async fn every_event_gets_one_place_behind_the_one_before_it() {
    let world = World::new().await;
    let log = Log::new(&world.settings);
    assert_eq!(log.head().await.unwrap(), LogHead::empty());
    for n in 1..=3 {
        // Chains of different lengths, so that batches end in the middle of one.
        for seq in 1..=u64::from(n) * 50 {
            put(&world, n, seq, true).await;
        }
    }
    assert_eq!(sequence_all(&log).await, 300);
    let places = places(&world, &[1, 2, 3]).await;
    check(&places);

    // The tree holds each event at its place, and begins with every tree before it.
    let head = log.head().await.unwrap();
    assert_eq!(head.size, 300);
    assert_eq!(log.root_at(300, &head).await.unwrap(), Some(head.root));
    let last = log.inclusion(299, 300, &head).await.unwrap().unwrap();
    assert_eq!((last.root, last.tree_size), (head.root, 300));
    let grown = log.consistency(90, 300, &head).await.unwrap().unwrap();
    assert_eq!(grown.to, head);
    assert_eq!(log.inclusion(300, 300, &head).await.unwrap(), None);
    assert_eq!(log.inclusion(0, 301, &head).await.unwrap(), None);
    assert_eq!(log.consistency(0, 301, &head).await.unwrap(), None);
    assert_eq!(log.root_at(301, &head).await.unwrap(), None);
}

#[tokio::test]
async fn what_the_index_does_not_show_yet_still_comes_before_what_follows_it() {
    let world = World::new().await;
    let log = Log::new(&world.settings);
    for (seq, is_shown) in [
        (1, true),
        (2, false),
        (3, false),
        (4, true),
        (5, false),
        (6, true),
    ] {
        put(&world, 1, seq, is_shown).await;
    }
    // Nothing of this one's beginning is shown, and it is long.
    for seq in 1..=200 {
        put(&world, 2, seq, seq == 200).await;
    }
    assert_eq!(sequence_all(&log).await, 206);
    check(&places(&world, &[1, 2]).await);
}

#[tokio::test]
async fn a_chain_in_which_an_event_is_missing_holds_nobody_else_up() {
    let world = World::new().await;
    let log = Log::new(&world.settings);
    // Older than all others, and more than a batch.
    for seq in 2..=120 {
        put(&world, 1, seq, true).await;
    }
    for seq in 1..=130 {
        put(&world, 2, seq, true).await;
    }
    assert_eq!(sequence_all(&log).await, 130);
    check(&places(&world, &[2]).await);
    let held = places(&world, &[1]).await;
    assert!(held.values().all(Option::is_none));
    // It is found after all.
    put(&world, 1, 1, true).await;
    assert_eq!(sequence_all(&log).await, 120);
    check(&places(&world, &[1, 2]).await);
}

#[tokio::test]
async fn of_several_sequencers_at_once_one_is_first() {
    let world = World::new().await;
    let log = Log::new(&world.settings);
    for n in 1..=4 {
        for seq in 1..=60 {
            put(&world, n, seq, true).await;
        }
    }
    let counts = join_all((0..5).map(|_| sequence_all(&log))).await;
    assert_eq!(counts.iter().sum::<usize>(), 240, "{counts:?}");
    check(&places(&world, &[1, 2, 3, 4]).await);
}

#[tokio::test]
async fn the_last_checkpoint_is_that_of_the_largest_tree() {
    let world = World::new().await;
    let log = Log::new(&world.settings);
    let signed = |size, note: &str| SignedCheckpoint {
        head: LogHead {
            size,
            ..LogHead::empty()
        },
        at: NOW,
        note: note.to_owned(),
    };
    assert_eq!(log.head_and_checkpoint().await.unwrap().1, None);
    let (first, larger) = (signed(3, "first"), signed(5, "larger"));
    for checkpoint in [&first, &larger] {
        let recorded = log.record_checkpoint(checkpoint).await.unwrap();
        assert_eq!(recorded, Recorded::Done);
    }
    for behind in [&first, &signed(5, "the same size")] {
        let recorded = log.record_checkpoint(behind).await.unwrap();
        assert_eq!(recorded, Recorded::Behind(Box::new(larger.clone())));
    }
    assert_eq!(log.head_and_checkpoint().await.unwrap().1, Some(larger));
}
