//! The demo city: 311 agencies over Harbin's nine districts, invented from a fixed seed.
//!
//! The city is the same at every start, so that runs can be compared. Names, people and numbers are invented,
//! telephone numbers visibly so. Credit codes have valid check digits. Streets are real, but a store's location
//! is random and need not lie on its street.

mod districts;
mod draw;
mod workers;

use domain::agency::AgencyStats;
use domain::check::Uscc;
use domain::geo::{EARTH_RADIUS_M, Wgs84};
use domain::service::{Service, ServiceSet};

use districts::{DISTRICTS, District};
use draw::Draw;

pub use workers::{DemoWorker, WORKERS, WORKERS_FULL, WorkerKind, workers};

/// Changing this changes every name, number and place in the city.
const SEED: u64 = 0x4861_7262_696e;

/// How many agencies are star-rated, as in Harbin: every tenth, so that they are all over the city.
const STAR_RATED: usize = 30;

/// How many customers the WeChat stand-in knows.
const CUSTOMERS: usize = 20;

/// The code `demo-phone-13912345678` gives the phone number 13912345678.
pub const PHONE_CODE: &str = "demo-phone-";

#[derive(Clone, Debug, PartialEq)]
pub struct DemoAgency {
    pub name: String,
    pub uscc: Uscc,
    pub responsible_person: String,
    pub phone: String,
    /// 2 to 6.
    pub services: ServiceSet,
    /// 1 to 4.
    pub stores: Vec<DemoStore>,
    pub stats: AgencyStats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DemoStore {
    pub name: String,
    pub address: String,
    pub location: Wgs84,
}

/// The city's 311 agencies, always the same in the same order.
pub fn harbin() -> Vec<DemoAgency> {
    let mut draw = Draw::seeded(SEED);
    let mut brands = brands();
    draw.shuffle(&mut brands);
    DISTRICTS
        .iter()
        .flat_map(|home| std::iter::repeat_n(home, home.agencies))
        .zip(brands)
        .enumerate()
        .map(|(index, (home, brand))| agency(&mut draw, index, home, &brand))
        .collect()
}

/// The customers' login codes, which the WeChat stand-in accepts any number of times.
pub fn customer_codes() -> Vec<String> {
    (1..=CUSTOMERS)
        .map(|number| format!("demo-customer-{number}"))
        .collect()
}

fn agency(draw: &mut Draw, index: usize, home: &District, brand: &str) -> DemoAgency {
    DemoAgency {
        name: format!("哈尔滨{brand}家政服务有限公司"),
        uscc: uscc(draw, home),
        responsible_person: person(draw),
        // Valid as a mobile number, and visibly invented.
        phone: format!("1990000{index:04}"),
        services: services(draw),
        stores: stores(draw, home, brand),
        stats: stats(draw, index),
    }
}

/// Brand names: every pair of an opening and a closing character.
fn brands() -> Vec<String> {
    const OPENING: &str = "安康福惠佳乐馨瑞诚益恒宜润暖悦嘉洁信德和顺兴美金";
    const CLOSING: &str = "居家邦心宁泰源民盛缘阳达祥好";
    OPENING
        .chars()
        .flat_map(|first| {
            CLOSING
                .chars()
                .map(move |second| format!("{first}{second}"))
        })
        .collect()
}

/// A valid credit code of an enterprise (91) in this district.
fn uscc(draw: &mut Draw, home: &District) -> Uscc {
    // The characters of GB 32100, which leaves out I, O, S, V and Z.
    const CHARACTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut body = format!("91{}MA", home.code);
    for _ in 0..7 {
        body.push(char::from(draw.one_of(CHARACTERS)));
    }
    #[expect(clippy::expect_used, reason = "these are 17 valid characters")]
    Uscc::complete(&body).expect("17 characters of a credit code")
}

fn person(draw: &mut Draw) -> String {
    const FAMILY: [&str; 20] = [
        "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高",
        "林", "何", "郭", "马", "宋",
    ];
    const GIVEN: [&str; 20] = [
        "丽", "芳", "秀英", "敏", "静", "淑兰", "伟", "强", "军", "洋", "艳", "杰", "娟", "涛",
        "明", "超", "桂英", "平", "志刚", "玉梅",
    ];
    format!("{}{}", draw.one_of(&FAMILY), draw.one_of(&GIVEN))
}

fn services(draw: &mut Draw) -> ServiceSet {
    let mut services = Service::ALL.to_vec();
    draw.shuffle(&mut services);
    services.into_iter().take(2 + draw.below(5)).collect()
}

/// The first store is in the home district, and most of the others are too.
fn stores(draw: &mut Draw, home: &District, brand: &str) -> Vec<DemoStore> {
    let count = match draw.below(100) {
        0..70 => 1,
        70..88 => 2,
        88..96 => 3,
        _ => 4,
    };
    (0..count)
        .map(|n| {
            let is_elsewhere = n > 0 && draw.below(10) < 3;
            let district = if is_elsewhere {
                &DISTRICTS[draw.below(DISTRICTS.len())]
            } else {
                home
            };
            store(draw, district, brand)
        })
        .collect()
}

fn store(draw: &mut Draw, district: &District, brand: &str) -> DemoStore {
    let street = draw.one_of(district.streets);
    let number = 1 + draw.below(388);
    DemoStore {
        name: format!("{brand}家政{street}店"),
        address: format!("黑龙江省哈尔滨市{}{street}{number}号", district.name),
        location: place(draw, district),
    }
}

/// A random place, evenly distributed over the district's disc.
fn place(draw: &mut Draw, district: &District) -> Wgs84 {
    let distance = district.spread_m * draw.fraction().sqrt();
    let (east, north) = (draw.fraction() * std::f64::consts::TAU).sin_cos();
    let (lat, lon) = district.centre;
    let degrees = (distance / EARTH_RADIUS_M).to_degrees();
    let lat = lat + degrees * north;
    let lon = lon + degrees * east / lat.to_radians().cos();
    place_at(lat, lon)
}

fn place_at(lat: f64, lon: f64) -> Wgs84 {
    #[expect(
        clippy::expect_used,
        reason = "a few kilometres around Harbin are in range of everything"
    )]
    Wgs84::from_degrees(lat, lon).expect("a place in Harbin")
}

/// The record of up to 800 visits, mostly good. What customers gave is drawn for all, and kept of those who are star-rated.
fn stats(draw: &mut Draw, index: usize) -> AgencyStats {
    let completed = draw.below(800) as u64;
    let stars_count = completed * (30 + draw.below(50) as u64) / 100;
    // The average stars in tenths: 3.6 to 5.0.
    let tenths = 36 + draw.below(15) as u64;
    let abandoned = completed * draw.below(9) as u64 / 100;
    let is_star_rated = index % 10 == 5 && index < 10 * STAR_RATED;
    let stars_count = if is_star_rated { stars_count } else { 0 };
    AgencyStats {
        stars_sum: stars_count * tenths / 10,
        stars_count,
        completed,
        abandoned,
        upheld: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use domain::check::MobilePhone;
    use domain::geo::distance_m;

    use super::*;

    #[test]
    fn the_city_has_311_agencies_over_nine_districts() {
        let city = harbin();
        assert_eq!(city.len(), 311);
        let mut homes: BTreeMap<&str, usize> = BTreeMap::new();
        for agency in &city {
            *homes.entry(&agency.uscc.as_str()[2..8]).or_default() += 1;
            assert!((2..=6).contains(&agency.services.len()));
            assert!((1..=4).contains(&agency.stores.len()));
        }
        assert_eq!(homes.len(), 9);
        let stars = city.iter().map(|agency| agency.stats.stars_count);
        assert_eq!(stars.filter(|count| *count > 0).count(), STAR_RATED);
        assert_eq!(customer_codes().len(), 20);
        assert_eq!(customer_codes()[0], "demo-customer-1");
    }

    #[test]
    fn the_city_is_the_same_at_every_start() {
        assert_eq!(harbin(), harbin());
        // Fixed values, to notice when a dependency changes the city.
        let city = harbin();
        let first = &city[0];
        assert_eq!(first.name, "哈尔滨佳民家政服务有限公司");
        assert_eq!(first.uscc.as_str(), "91230102MA5M5AN6WG");
        let last = &city[310].stores[0].location;
        assert_eq!((last.lat_e7(), last.lon_e7()), (454_014_071, 1_263_362_282));
    }

    #[test]
    fn names_codes_and_phones_are_valid_and_unique() {
        let city = harbin();
        let unique =
            |field: fn(&DemoAgency) -> &str| city.iter().map(field).collect::<BTreeSet<_>>().len();
        assert_eq!(unique(|agency| &agency.name), 311);
        assert_eq!(unique(|agency| agency.uscc.as_str()), 311);
        assert_eq!(unique(|agency| &agency.phone), 311);
        for agency in &city {
            assert!(
                agency.uscc.as_str().parse::<Uscc>().is_ok(),
                "{}",
                agency.uscc
            );
            assert!(
                agency.phone.parse::<MobilePhone>().is_ok(),
                "{}",
                agency.phone
            );
            assert!(agency.stats.stars_sum <= agency.stats.stars_count * 5);
            assert!(agency.stats.stars_sum >= agency.stats.stars_count);
            assert!(agency.stats.stars_count <= agency.stats.completed);
        }
    }

    #[test]
    fn every_store_is_in_harbin() {
        for store in harbin().iter().flat_map(|agency| &agency.stores) {
            let (lat, lon) = (store.location.lat(), store.location.lon());
            assert!(
                (45.30..46.00).contains(&lat) && (126.20..127.05).contains(&lon),
                "{lat} {lon}"
            );
            assert!(store.address.starts_with("黑龙江省哈尔滨市"));
        }
    }

    #[test]
    fn an_order_in_the_centre_has_25_to_49_agencies_in_range() {
        let city = harbin();
        for (lat, lon) in [
            (45.7568, 126.6424), // the railway station
            (45.7749, 126.6178), // Central Street
            (45.7350, 126.6600),
            (45.7000, 126.6700),
        ] {
            let here = Wgs84::from_degrees(lat, lon).unwrap();
            let in_range = city
                .iter()
                .filter(|agency| {
                    let near = |store: &DemoStore| distance_m(store.location, here) <= 5_000.0;
                    agency.stores.iter().any(near)
                })
                .count();
            assert!((25..=49).contains(&in_range), "{lat} {lon}: {in_range}");
        }
    }
}
