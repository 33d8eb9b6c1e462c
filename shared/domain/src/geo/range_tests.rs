//! That one read finds exactly the right stores, tried on random cities against brute force.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A city's centre: Harbin, Shanghai, the equator, beside the antimeridian, at either end of
/// what is served, and anywhere.
fn city() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        Just((45.756_8, 126.642_4)),
        Just((31.23, 121.47)),
        Just((0.0, 0.0)),
        Just((-17.8, 179.999)),
        Just((66.0, -179.98)),
        Just((74.9, 25.0)),
        Just((-74.9, 180.0)),
        (-75.0..=75.0, -180.0..=180.0),
    ]
}

/// A point up to `spread_m` metres north or south and east or west of the city's centre, now and then
/// exactly on a border of cells.
fn point_near((lat, lon): (f64, f64), spread_m: f64) -> impl Strategy<Value = Wgs84> {
    let spread = (spread_m / EARTH_RADIUS_M).to_degrees();
    let wide = spread / lat.to_radians().cos();
    (-1.0..=1.0f64, -1.0..=1.0f64, 0..8u8).prop_map(move |(north, east, snap)| {
        // Every 8th border of 5-character cells is a whole multiple of 1e-7 degrees.
        let border = 360.0 / 1024.0;
        let mut lat = lat + north * spread;
        let mut lon = lon + east * wide;
        if snap & 6 == 2 {
            lat = (lat / border).round() * border;
        }
        if snap & 5 == 1 {
            lon = (lon / border).round() * border;
        }
        let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
        Wgs84::from_degrees(lat.clamp(-75.0, 75.0), lon).unwrap()
    })
}

fn city_of_stores(spread_m: f64) -> impl Strategy<Value = (Vec<Wgs84>, Vec<Wgs84>)> {
    city().prop_flat_map(move |city| {
        (
            prop::collection::vec(point_near(city, spread_m), 1..60),
            prop::collection::vec(point_near(city, spread_m), 1..6),
        )
    })
}

/// The point `distance` metres from `from` in the direction `bearing` (radians).
fn travel(from: Wgs84, distance: f64, bearing: f64) -> (f64, f64) {
    let angle = distance / EARTH_RADIUS_M;
    let lat = from.lat().to_radians();
    let to_lat = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).asin();
    let east =
        (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * to_lat.sin());
    let lon = (from.lon() + east.to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
    (to_lat.to_degrees(), lon)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_orders_own_cell_finds_exactly_the_stores_in_range(
        (stores, orders) in city_of_stores(9_000.0),
        radius_m in prop_oneof![Just(5_000u32), 500..12_000u32],
    ) {
        let discs: Vec<BTreeSet<Cell5>> = stores
            .iter()
            .map(|&store| cells5_touched_by_disc(store, radius_m))
            .collect();
        for order in orders {
            let cell = Cell5::containing(order);
            let in_range = |store: Wgs84| distance_m(store, order) <= f64::from(radius_m);
            let found: Vec<usize> = (0..stores.len())
                .filter(|&i| discs[i].contains(&cell) && in_range(stores[i]))
                .collect();
            let brute: Vec<usize> = (0..stores.len()).filter(|&i| in_range(stores[i])).collect();
            prop_assert_eq!(found, brute);
        }
    }

    #[test]
    fn home_cells_find_exactly_the_stores_in_a_wider_radius(
        (stores, orders) in city_of_stores(60_000.0),
        radius_m in prop_oneof![Just(10_000u32), Just(20_000), Just(50_000), 1_000..50_000u32],
    ) {
        for order in orders {
            let cells = cells4_touched_by_disc(order, radius_m);
            let in_range = |store: &&Wgs84| distance_m(**store, order) <= f64::from(radius_m);
            let found: Vec<&Wgs84> = stores
                .iter()
                .filter(|store| cells.contains(&Cell4::containing(**store)))
                .filter(in_range)
                .collect();
            let brute: Vec<&Wgs84> = stores.iter().filter(in_range).collect();
            prop_assert_eq!(found, brute);
        }
    }

    #[test]
    fn a_point_just_inside_the_disc_is_in_one_of_its_cells(
        centre in city().prop_flat_map(|city| point_near(city, 30_000.0)),
        radius_m in 1..=50_000u32,
        bearing in 0.0..std::f64::consts::TAU,
    ) {
        let (lat, lon) = travel(centre, f64::from(radius_m) - 0.01, bearing);
        let Some(edge) = Wgs84::from_degrees(lat, lon) else { return Ok(()) };
        prop_assert!(distance_m(centre, edge) <= f64::from(radius_m));
        prop_assert!(cells5_touched_by_disc(centre, radius_m).contains(&Cell5::containing(edge)));
        prop_assert!(cells4_touched_by_disc(centre, radius_m).contains(&Cell4::containing(edge)));
    }

    #[test]
    fn a_cell_that_a_disc_barely_enters_from_the_side_is_named(
        centre in city().prop_flat_map(|city| point_near(city, 30_000.0)),
        columns in 1..40u8,
    ) {
        // Away from the equator a disc reaches farthest east at a point poleward of its centre, often
        // in another row of cells: where the great circle to a meridian meets it at a right angle.
        let width = 360.0 / 8192.0;
        let border = ((centre.lon() / width).floor() + f64::from(columns)) * width;
        let aside = (border - centre.lon()).to_radians();
        let lat = centre.lat().to_radians();
        let foot = lat.sin().atan2(lat.cos() * aside.cos()).to_degrees();
        let lon = (border + 180.0).rem_euclid(360.0) - 180.0;
        let Some(touched) = Wgs84::from_degrees(foot, lon + 1e-7) else { return Ok(()) };
        let radius_m = distance_m(centre, touched).ceil() as u32;
        prop_assert!(cells5_touched_by_disc(centre, radius_m).contains(&Cell5::containing(touched)));
    }

    #[test]
    fn no_cell_is_named_that_the_disc_does_not_touch(
        centre in city().prop_flat_map(|city| point_near(city, 30_000.0)),
        radius_m in 200..=8_000u32,
    ) {
        // Seen from a lattice of points in the cell, edges included; the nearest of 33 by 33 is at most
        // a cell's diagonal over 32 farther than the nearest of all.
        for cell in cells5_touched_by_disc(centre, radius_m) {
            let bounds = geohash::decode_bbox(cell.as_str()).unwrap();
            let nearest = (0..=32)
                .flat_map(|i| (0..=32).map(move |j| (f64::from(i) / 32.0, f64::from(j) / 32.0)))
                .map(|(i, j)| {
                    let lat = bounds.min().y + bounds.height() * i;
                    let lon = bounds.min().x + bounds.width() * j;
                    distance_m(centre, Wgs84::rounded(lat, lon))
                })
                .fold(f64::INFINITY, f64::min);
            prop_assert!(nearest <= f64::from(radius_m) + 250.0, "{cell}: {nearest}");
        }
    }

    #[test]
    fn distance_is_the_same_in_both_directions(
        (stores, orders) in city_of_stores(20_000.0),
    ) {
        for (&a, &b) in stores.iter().zip(&orders) {
            prop_assert_eq!(distance_m(a, b).to_bits(), distance_m(b, a).to_bits());
        }
    }

    #[test]
    fn conversions_there_and_back_stay_within_a_metre(
        // The rectangle, but for the strip along its edges across which a shift can lead.
        lat in 0.85..55.80,
        lon in 72.03..137.80,
    ) {
        let (gcj_lat, gcj_lon) = datum::wgs84_to_gcj02(lat, lon);
        let (back_lat, back_lon) = datum::gcj02_to_wgs84(gcj_lat, gcj_lon);
        prop_assert!((back_lat - lat).abs() < 1e-9 && (back_lon - lon).abs() < 1e-9);

        let asked = Location { lat: gcj_lat, lon: gcj_lon, datum: Datum::Gcj02 };
        let meant = Wgs84::from_degrees(lat, lon).unwrap();
        prop_assert!(distance_m(asked.to_wgs84().unwrap(), meant) < 0.02);
    }

    #[test]
    fn both_datums_of_one_place_give_one_answer(
        north in -0.1..0.1f64, east in -0.15..0.15f64,
    ) {
        let (lat, lon) = (45.756_8 + north, 126.642_4 + east);
        let (gcj_lat, gcj_lon) = datum::wgs84_to_gcj02(lat, lon);
        let wgs84 = Location { lat, lon, datum: Datum::Wgs84 }.to_wgs84().unwrap();
        let gcj02 = Location { lat: gcj_lat, lon: gcj_lon, datum: Datum::Gcj02 }.to_wgs84().unwrap();
        prop_assert!(distance_m(wgs84, gcj02) < 0.02);
    }

    #[test]
    fn an_offers_distance_is_rounded_up_and_knows_only_the_area(
        store in point_near((45.756_8, 126.642_4), 5_000.0),
        order in point_near((45.756_8, 126.642_4), 5_000.0),
    ) {
        let area = Area::containing(order);
        let shown = f64::from(offer_distance_m(store, &area));
        let exact = distance_m(store, area.centre());
        prop_assert!(shown >= exact && shown < exact + 100.0 && shown % 100.0 == 0.0);
        prop_assert_eq!(Area::containing(area.centre()), area);
    }
}

#[test]
fn a_store_in_harbin_is_listed_in_seven_to_twelve_cells_on_average() {
    let mut total = 0;
    let mut count = 0;
    for i in 0..60 {
        for j in 0..60 {
            let lat = 45.6 + f64::from(i) * 0.005;
            let lon = 126.4 + f64::from(j) * 0.008;
            let cells = cells5_touched_by_disc(Wgs84::from_degrees(lat, lon).unwrap(), 5_000);
            assert!((7..=16).contains(&cells.len()), "{}", cells.len());
            total += cells.len();
            count += 1;
        }
    }
    let average = f64::from(u32::try_from(total).unwrap()) / f64::from(count);
    assert!((7.0..=12.0).contains(&average), "{average}");
}

#[test]
fn discs_reach_across_the_antimeridian() {
    let fiji = Wgs84::from_degrees(-17.8, 179.999).unwrap();
    let names: Vec<String> = cells5_touched_by_disc(fiji, 5_000)
        .into_iter()
        .map(String::from)
        .collect();
    assert!(
        names.iter().any(|name| name.starts_with('r')),
        "east longitudes: {names:?}"
    );
    assert!(
        names.iter().any(|name| name.starts_with('2')),
        "west longitudes: {names:?}"
    );
}

#[test]
fn discs_are_whole_where_meridians_crowd() {
    let cape = Wgs84::from_degrees(75.0, 100.0).unwrap();
    assert!(cells5_touched_by_disc(cape, 50_000).len() > 400);
    // Beyond any radius in use, but a set all the same: a disc that holds the pole has every column.
    assert!(cells4_touched_by_disc(cape, 2_000_000).len() > 1024);
}

#[test]
fn cells_have_one_name() {
    assert!("yb4h9".parse::<Cell5>().is_ok());
    assert!("yb4h".parse::<Cell4>().is_ok());
    for wrong in ["", "yb4h", "yb4h99", "YB4H9", "yb4ha", "yb4h ", "哈尔"] {
        assert_eq!(wrong.parse::<Cell5>(), Err(NotACell), "{wrong}");
    }
    // Published with the geohash system itself: 57.64911, 10.40744 is u4pruydqqvj.
    let jutland = Wgs84::from_degrees(57.649_11, 10.407_44).unwrap();
    assert_eq!(Cell5::containing(jutland).as_str(), "u4pru");
    assert_eq!(Cell4::containing(jutland).as_str(), "u4pr");
    assert_eq!(Area::containing(jutland).as_str(), "u4pruy");
}
