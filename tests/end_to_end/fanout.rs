//! Exactly the right agencies: the set offered equals brute force over all stores.

use std::collections::BTreeSet;

use domain::geo::{Wgs84, distance_m};
use serde_json::json;

use crate::world::{Agency, World, moved};

fn point(place: (f64, f64)) -> Wgs84 {
    Wgs84::from_degrees(place.0, place.1).expect("a place we serve")
}

/// By brute force: the agencies that offer the service and have a store within the radius.
fn brute_force(
    agencies: &[Agency],
    service: &str,
    at: (f64, f64),
    radius_m: f64,
) -> BTreeSet<String> {
    agencies
        .iter()
        .filter(|agency| agency.services.contains(&service))
        .filter(|agency| {
            agency
                .stores
                .iter()
                .any(|store| distance_m(point(*store), point(at)) <= radius_m)
        })
        .map(|agency| agency.id.clone())
        .collect()
}

/// A reproducible scatter in [-1, 1).
pub struct Scatter(pub u64);

impl Scatter {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

async fn city(
    world: &World,
    centre: (f64, f64),
    count: usize,
    scatter: &mut Scatter,
) -> Vec<Agency> {
    const OFFERED: [&[&str]; 3] = [&["cleaning", "cooking"], &["cooking"], &["cleaning"]];
    let mut agencies = Vec::new();
    for i in 0..count {
        let stores: Vec<(f64, f64)> = (0..1 + i % 3)
            .map(|_| {
                wrapped(moved(
                    centre,
                    scatter.next() * 9_000.0,
                    scatter.next() * 9_000.0,
                ))
            })
            .collect();
        let agency = world.register(OFFERED[i % 3], &stores).await;
        world.review(&agency, "approve").await.expect(200);
        agencies.push(agency);
    }
    world.drain().await;
    agencies
}

fn wrapped((lat, lon): (f64, f64)) -> (f64, f64) {
    (
        lat,
        if lon >= 180.0 {
            lon - 360.0
        } else if lon < -180.0 {
            lon + 360.0
        } else {
            lon
        },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_set_offered_equals_brute_force_over_all_stores() {
    // Harbin, the corner of four geohash cells near it, the equator, 74.9° north, and both sides of the antimeridian.
    let centres = [
        (45.77, 126.63),
        (45.703_125, 126.562_5),
        (0.0, 0.0),
        (74.9, 25.0),
        (-17.8, 179.99),
        (64.7, -179.98),
    ];
    for (i, centre) in centres.into_iter().enumerate() {
        offered_equals_brute_force(centre, Scatter(7 + i as u64), 24, 4).await;
    }
}

pub async fn offered_equals_brute_force(
    centre: (f64, f64),
    mut scatter: Scatter,
    agencies: usize,
    orders: usize,
) {
    let world = World::empty().await;
    let agencies = city(&world, centre, agencies, &mut scatter).await;
    let customer = world.customer("demo-customer-1").await;
    for _ in 0..orders {
        let at = wrapped(moved(
            centre,
            scatter.next() * 5_000.0,
            scatter.next() * 5_000.0,
        ));
        let order = world.place(&customer, &world.cleaning(at)).await;
        let id = order["order_id"].as_str().expect("an id");
        world.drain().await;
        let mut expected = BTreeSet::new();
        for radius in [5_000.0, 10_000.0, 20_000.0] {
            expected = brute_force(&agencies, "cleaning", at, radius);
            if !expected.is_empty() {
                break;
            }
        }
        // The list for people names the same agencies as the queues for programs.
        let mut listed = BTreeSet::new();
        for agency in &agencies {
            let offers = world.open_offers(&world.desk(agency).await).await;
            if offers.iter().any(|offer| offer["order_id"] == id) {
                listed.insert(agency.id.clone());
            }
        }
        assert_eq!(listed, expected, "around {at:?}");
        assert_eq!(
            world.offered(&agencies, id).await,
            expected,
            "around {at:?}"
        );
    }
}

#[tokio::test]
async fn a_place_in_gcj02_is_half_a_kilometre_from_the_same_numbers_in_wgs84() {
    let world = World::empty().await;
    // In Harbin the two data differ by about 511 m.
    let customer = world.customer("demo-customer-1").await;
    let numbers = (45.77, 126.63);
    let mut order = world.cleaning(numbers);
    order["location"]["datum"] = json!("gcj02");
    let placed = world.place(&customer, &order).await;
    let location = &placed["location"];
    assert_eq!(location["datum"], "wgs84");
    let stored = (
        location["lat"].as_f64().expect("latitude"),
        location["lon"].as_f64().expect("longitude"),
    );
    let shift = distance_m(point(stored), point(numbers));
    assert!((400.0..650.0).contains(&shift), "{shift} m");
}

#[tokio::test]
async fn nobody_near_means_the_first_wider_radius_is_offered_at_once() {
    let world = World::empty().await;
    let centre = (45.77, 126.63);
    let at_8 = world
        .agency(&["cleaning"], &[moved(centre, 8_000.0, 0.0)])
        .await;
    let at_9 = world
        .agency(&["cleaning"], &[moved(centre, 0.0, 9_000.0)])
        .await;
    let at_15 = world
        .agency(&["cleaning"], &[moved(centre, 0.0, -15_000.0)])
        .await;
    let customer = world.customer("demo-customer-1").await;
    let order = world.place(&customer, &world.cleaning(centre)).await;
    world.drain().await;
    let id = order["order_id"].as_str().expect("an id");
    let offered = world
        .offered(&[at_8.clone(), at_9.clone(), at_15], id)
        .await;
    assert_eq!(offered, BTreeSet::from([at_8.id, at_9.id]));
}
