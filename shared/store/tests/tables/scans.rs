//! The log of scans.

use std::time::Duration;

use domain::geo::{Area, RoughPlace, Wgs84};
use domain::id::BadgeId;
use domain::scan::{COMPARED, Scan, ScanResult, ScannedBy};
use domain::time::Millis;
use futures::future::join_all;
use store::Scans;

use super::world::{NOW, World};

fn scan(at: Millis, who: String, place: Option<RoughPlace>) -> Scan {
    Scan {
        badge_id: BadgeId::from_bytes(&[1; 8]),
        worker_id: None,
        at,
        by: ScannedBy::Public,
        who,
        result: ScanResult::Genuine,
        order_id: None,
        place,
    }
}

fn harbin() -> Option<RoughPlace> {
    let place = Wgs84::from_degrees(45.75, 126.63).unwrap();
    RoughPlace::of_order(&Area::containing(place))
}

#[tokio::test]
async fn what_a_scan_is_compared_with_no_number_of_others_hides() {
    let world = World::new().await;
    let scans = Scans::new(&world.settings);
    // More than a page of the table holds, which is 1 MiB, and all of them before the one that counts.
    let others = (0..700).map(|n| {
        let who = format!("{n}{}", "x".repeat(900));
        scan(NOW + Duration::from_millis(n), who, None)
    });
    for some in others.collect::<Vec<_>>().chunks(50) {
        for added in join_all(some.iter().map(|scan| scans.add(scan))).await {
            added.unwrap();
        }
    }
    let order = scan(NOW + Duration::from_secs(1), "order".to_owned(), harbin());
    scans.add(&order).await.unwrap();
    let late = scan(
        NOW + COMPARED + Duration::from_millis(1),
        "late".to_owned(),
        harbin(),
    );
    scans.add(&late).await.unwrap();
    let badge = &order.badge_id;
    let found = scans.placed_around(badge, NOW, COMPARED).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&order));
    // And once more it is one.
    scans.add(&order).await.unwrap();
    let found = scans.placed_around(badge, NOW, COMPARED).await.unwrap();
    assert_eq!(found.len(), 1);
}
