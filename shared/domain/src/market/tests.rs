use proptest::prelude::*;

use super::*;

const NOW: Millis = Millis(1_800_000_000_000);

fn in_s(seconds: i64) -> Millis {
    Millis(NOW.0 + seconds * 1000)
}

#[test]
fn what_is_not_given_has_its_usual_value() {
    let market = Market::from_json(r#"{"name":"harbin","grab_window_s":180}"#).unwrap();
    assert_eq!(market, Market::default());
    assert_eq!(market.radii().collect::<Vec<_>>(), [5_000, 10_000, 20_000]);
    assert_eq!(market.validate(SHORTEST_REAL_WINDOW_S), Ok(()));
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (json, setting) in [
        (r#"{"name":""}"#, "name"),
        (r#"{"name":"Harbin"}"#, "name"),
        (
            r#"{"bounds":{"south_west":{"lat":46,"lon":1,"datum":"wgs84"},"north_east":{"lat":45,"lon":2,"datum":"wgs84"}}}"#,
            "bounds",
        ),
        (r#"{"radius_m":0}"#, "radius_m"),
        (r#"{"radius_m":30000}"#, "radius_m"),
        (r#"{"grab_window_s":4}"#, "grab_window_s"),
        (r#"{"grab_window_s":901}"#, "grab_window_s"),
        (r#"{"widening_m":[5000]}"#, "widening_m"),
        (r#"{"widening_m":[20000,10000]}"#, "widening_m"),
        (r#"{"widening_m":[60000]}"#, "widening_m"),
        (r#"{"lead_time_s":0}"#, "lead_time_s"),
        (r#"{"staffing_window_s":0}"#, "staffing_window_s"),
        (r#"{"travel_time_s":14401}"#, "travel_time_s"),
        (r#"{"visit_grace_s":599}"#, "visit_grace_s"),
        (r#"{"assignment_cap":0}"#, "assignment_cap"),
        (r#"{"open_orders_cap":0}"#, "open_orders_cap"),
        (r#"{"daily_orders_cap":0}"#, "daily_orders_cap"),
        (r#"{"wrong_secrets_cap":0}"#, "wrong_secrets_cap"),
        (r#"{"daily_phone_codes_cap":0}"#, "daily_phone_codes_cap"),
        (r#"{"phone_code_wait_s":3601}"#, "phone_code_wait_s"),
        (r#"{"unstaffed_cap":0}"#, "unstaffed_cap"),
        (r#"{"given_up_cap":201}"#, "given_up_cap"),
        (r#"{"disclosure_cap":0}"#, "disclosure_cap"),
        (r#"{"max_epochs":0}"#, "max_epochs"),
        (r#"{"offered_epochs":21}"#, "offered_epochs"),
        (r#"{"youngest_worker":15}"#, "youngest_worker"),
        (r#"{"oldest_worker":17}"#, "youngest_worker"),
        (r#"{"oldest_worker":101}"#, "oldest_worker"),
        (r#"{"services":[]}"#, "services"),
        (
            r#"{"score":{"stars":0,"credit":0,"completion":0,"distance":0,"load":0,"wishes":0,"open":0}}"#,
            "score",
        ),
        (
            r#"{"catalogue":{"tags":[{"tag":"male_worker","name":{"zh":"男性","en":"A man"},"services":["cooking"]}]}}"#,
            "catalogue",
        ),
    ] {
        match Market::from_json(json) {
            Err(MarketFault::Setting { setting: found, .. }) => assert_eq!(found, setting),
            other => panic!("{json}: {other:?}"),
        }
    }
    for json in [
        "",
        r#"{"colour":"red"}"#,
        r#"{"services":["gardening"]}"#,
        r#"{"score":{"colour":1}}"#,
        r#"{"radius_m":-1}"#,
    ] {
        let fault = Market::from_json(json).unwrap_err();
        assert!(
            matches!(fault, MarketFault::NotAMarket(_)),
            "{json}: {fault}"
        );
    }
}

#[test]
fn lifted_caps_are_settings_too() {
    let lifted = Market::default().without_caps();
    assert_ne!(lifted, Market::default());
    let json = serde_json::to_string(&lifted).unwrap();
    assert_eq!(Market::from_json(&json), Ok(lifted));
}

#[test]
fn a_real_market_has_a_window_of_two_minutes_at_least() {
    let market = Market {
        grab_window_s: 119,
        ..Market::default()
    };
    let fault = market.validate(SHORTEST_REAL_WINDOW_S).unwrap_err();
    assert_eq!(fault.to_string(), "grab_window_s must be 120 to 900");
    assert_eq!(market.validate(SHORTEST_WINDOW_S), Ok(()));
}

#[test]
fn the_window_closes_before_the_lead_time() {
    let market = Market::default();
    assert_eq!(market.grab_deadline(NOW, in_s(3600)), Some(in_s(180)));
    assert_eq!(market.grab_deadline(NOW, in_s(660)), Some(in_s(60)));
    assert_eq!(
        market.grab_deadline(NOW, Millis(in_s(600).0 + 1)),
        Some(Millis(NOW.0 + 1))
    );
    assert_eq!(market.grab_deadline(NOW, in_s(600)), None);
    assert_eq!(market.grab_deadline(NOW, in_s(-1)), None);
}

#[test]
fn staffing_ends_before_the_visit() {
    let market = Market::default();
    assert_eq!(market.staff_by(NOW, in_s(7200)), in_s(1800));
    assert_eq!(market.staff_by(NOW, in_s(700)), in_s(700));
}

#[test]
fn a_visit_is_ended_some_time_after_its_end() {
    let market = Market::default();
    assert_eq!(market.visit_by(NOW), in_s(7200));
    assert_eq!(market.travel_time(), Duration::from_secs(1800));
}

#[test]
fn a_visit_starts_after_the_lead_time_and_within_60_days() {
    let market = Market::default();
    let days_60 = 60 * 24 * 3600;
    for (start, wanted) in [
        (-1, Err(StartFault::Past)),
        (0, Err(StartFault::Past)),
        (1, Err(StartFault::TooSoon { lead_time_s: 600 })),
        (600, Err(StartFault::TooSoon { lead_time_s: 600 })),
        (601, Ok(())),
        (days_60, Ok(())),
        (days_60 + 1, Err(StartFault::TooFar)),
    ] {
        assert_eq!(market.check_start(NOW, in_s(start)), wanted, "{start}");
    }
    assert_eq!(
        StartFault::TooSoon { lead_time_s: 600 }.to_string(),
        "must be more than 10 minutes from now"
    );
}

proptest! {
    #[test]
    fn a_deadline_is_after_now_and_before_the_lead_time(start in -100_000_i64..10_000_000) {
        let market = Market::default();
        if let Some(deadline) = market.grab_deadline(NOW, Millis(NOW.0 + start)) {
            prop_assert!(deadline > NOW && deadline <= in_s(180));
            prop_assert!(deadline.0 <= NOW.0 + start - 600_000);
        }
    }
}

#[test]
fn a_market_serves_within_its_bounds() {
    let at = |lat, lon| Wgs84::from_degrees(lat, lon).unwrap();
    assert!(Market::default().serves(at(-70.0, 10.0)), "anywhere");
    let within = |south_west, north_east| Market {
        bounds: Some(Bounds {
            south_west,
            north_east,
        }),
        ..Market::default()
    };
    let harbin = within(at(44.0, 125.7), at(46.7, 130.2));
    let chukotka = within(at(62.0, 157.0), at(70.0, -169.0));
    for (market, place, serves) in [
        (&harbin, at(45.7, 126.6), true),
        (&harbin, at(44.0, 125.7), true),
        (&harbin, at(43.9, 126.6), false),
        (&harbin, at(45.7, 131.0), false),
        (&chukotka, at(65.0, 179.0), true),
        (&chukotka, at(65.0, -179.0), true),
        (&chukotka, at(65.0, 0.0), false),
    ] {
        assert_eq!(market.serves(place), serves, "{place:?}");
    }
}
