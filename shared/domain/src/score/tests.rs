use proptest::prelude::*;

use super::*;
use crate::geo::{Area, Wgs84};
use crate::id::CustomerId;
use crate::order::Visit;
use crate::service::Service;
use crate::time::Millis;

fn order() -> Order {
    let visit = Visit {
        service: Service::Cleaning,
        start_at: Millis(100_000_000),
        duration_min: 120,
        area: Area::containing(Wgs84::from_degrees(45.77, 126.65).unwrap()),
        budget_fen: None,
        wishes: Default::default(),
        preferred: None,
    };
    let id = OrderId::from_bytes(&[7; 16]);
    let customer = CustomerId::from_bytes(&[1; 16]);
    Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0)).unwrap()
}

fn candidate(n: u8) -> Candidate {
    Candidate {
        agency: AgencyId::from_bytes(&[n; 16]),
        name: format!("agency {n}"),
        store: StoreId::from_bytes(&[n; 8]),
        distance_m: 1_000.0,
        standing: Standing::Approved,
        services: ServiceSet::all(),
        stats: AgencyStats::default(),
        load: 0,
        workers: Workforce {
            skilled: 10,
            cleared: 8,
            wishes: 0,
        },
        is_open: true,
    }
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let counts = (0..10_000_u64, 0..10_000_u64, 0..100_u64);
    let stats = (0..10_000_u64, 10..=50_u64, counts);
    let rest = (
        any::<u8>(),
        0.0..5_000.0_f64,
        0..20_u32,
        (1..=50_u32, 0..50_u32),
    );
    (stats, rest).prop_map(
        |((count, tenths, (completed, abandoned, upheld)), (n, metres, load, (cleared, more)))| {
            Candidate {
                distance_m: metres,
                load,
                workers: Workforce {
                    skilled: cleared + more,
                    cleared,
                    wishes: cleared % 9,
                },
                stats: AgencyStats {
                    stars_sum: count * tenths / 10,
                    stars_count: count,
                    completed,
                    abandoned,
                    upheld,
                },
                ..candidate(n)
            }
        },
    )
}

fn total(candidate: &Candidate) -> u64 {
    score(&order(), candidate, &Market::default(), 5_000).total
}

#[test]
fn the_score_is_this() {
    let newcomer = score(&order(), &candidate(1), &Market::default(), 5_000);
    let wanted = ScoreParts {
        total: 865_384,
        stars: 750,
        credit: 800,
        completion: 900,
        distance: 800,
        load: 1000,
        wishes: 1000,
        open: 1000,
    };
    assert_eq!(newcomer, wanted);
    assert_eq!(
        POLICY_VERSION, 4,
        "a change of the score is a new version of the policy"
    );
}

#[test]
fn who_may_not_have_the_order_is_excluded_with_the_reason() {
    let mut order = order();
    let market = Market::default();
    order.excluded.insert(AgencyId::from_bytes(&[4; 16]));
    let candidates = vec![
        Candidate {
            distance_m: 5_000.1,
            ..candidate(1)
        },
        Candidate {
            standing: Standing::Suspended,
            ..candidate(2)
        },
        Candidate {
            services: [Service::Cooking].into_iter().collect(),
            ..candidate(3)
        },
        candidate(4),
        Candidate {
            load: 20,
            ..candidate(5)
        },
        Candidate {
            load: 19,
            distance_m: 5_000.0,
            ..candidate(6)
        },
        Candidate {
            workers: Workforce {
                skilled: 10,
                cleared: 0,
                wishes: 0,
            },
            ..candidate(7)
        },
    ];
    let choice = choose(&order, candidates, &market, 5_000);
    assert_eq!(
        choice.winner().unwrap().agency,
        AgencyId::from_bytes(&[6; 16])
    );
    let reasons: Vec<_> = choice
        .exclusions
        .iter()
        .map(|(_, reason)| *reason)
        .collect();
    assert_eq!(
        reasons,
        [
            Exclusion::OutOfRange,
            Exclusion::NotApproved,
            Exclusion::ServiceNotOffered,
            Exclusion::HadTheClaim,
            Exclusion::AtTheCap,
            Exclusion::NoClearedFreeWorker,
        ]
    );
    assert_eq!(choose(&order, Vec::new(), &market, 5_000).winner(), None);
}

#[test]
fn the_explanation_says_who_won_against_whom_and_who_was_left_out() {
    let market = Market::default();
    let nobody = choose(
        &order(),
        vec![Candidate {
            load: 20,
            ..candidate(9)
        }],
        &market,
        5_000,
    );
    let many = (0..60).map(candidate).collect();
    let some = choose(&order(), many, &market, 10_000);
    let explanation = Explanation::new(&[nobody, some.clone()], &market);
    assert_eq!(
        explanation.winner,
        some.winner().map(|winner| winner.agency.clone())
    );
    let [first, second] = &explanation.radii[..] else {
        panic!("two radii")
    };
    assert_eq!(
        first.exclusions[&Exclusion::AtTheCap],
        [AgencyId::from_bytes(&[9; 16])]
    );
    assert_eq!((second.eligible, second.candidates.len()), (60, 50));
    let json = serde_json::to_string(&explanation).unwrap();
    assert_eq!(
        serde_json::from_str::<Explanation>(&json).unwrap(),
        explanation
    );
}

#[test]
fn equals_are_told_apart_by_the_order_and_not_by_their_place_in_the_list() {
    let market = Market::default();
    let winner_of = |n: u8| {
        let mut order = order();
        order.id = OrderId::from_bytes(&[n; 16]);
        let choice = choose(&order, (0..5).map(candidate).collect(), &market, 5_000);
        choice.winner().unwrap().agency.clone()
    };
    let winners: std::collections::BTreeSet<_> = (0..50).map(winner_of).collect();
    assert_eq!(
        winners.len(),
        5,
        "each of five equals wins some of fifty orders"
    );
}

#[test]
fn who_turns_out_to_have_nobody_free_is_passed_over() {
    let mut choice = choose(
        &order(),
        vec![candidate(1), candidate(2)],
        &Market::default(),
        5_000,
    );
    let first = choice.winner().unwrap().agency.clone();
    choice.pass_over_winner();
    assert_ne!(choice.winner().unwrap().agency, first);
    assert_eq!(choice.exclusions, [(first, Exclusion::NoClearedFreeWorker)]);
    choice.pass_over_winner();
    choice.pass_over_winner();
    assert_eq!(choice.winner(), None);
    assert_eq!(choice.exclusions.len(), 2);
}

#[test]
fn wishes_count_by_the_share_that_one_worker_fulfils_and_a_sex_never_does() {
    let market = Market::default();
    let mut wishing = order();
    let part = |order: &Order, wishes| {
        let mut candidate = candidate(1);
        candidate.workers.wishes = wishes;
        score(order, &candidate, &market, 5_000).wishes
    };
    wishing.wishes = ["female_worker"].map(|tag| tag.parse().unwrap()).into();
    assert_eq!(part(&wishing, 0), 1000);
    let tags = ["female_worker", "pets", "night_work", "korean"];
    wishing.wishes = tags.map(|tag| tag.parse().unwrap()).into();
    let parts = [0, 1, 2, 3, 4].map(|wishes| part(&wishing, wishes));
    assert_eq!(parts, [0, 333, 666, 1000, 1000]);
}

#[test]
fn who_is_open_goes_before_who_is_alike_unless_hours_weigh_nothing() {
    let mut market = Market::default();
    let order = order();
    let choose = |market: &Market, n| {
        let closed = Candidate {
            is_open: false,
            ..candidate(n)
        };
        choose(&order, vec![closed, candidate(n + 1)], market, 5_000)
    };
    for n in 0..20 {
        let choice = choose(&market, n);
        let parts: Vec<u64> = choice.ranked.iter().map(|one| one.score.open).collect();
        assert_eq!(parts, [1000, 0]);
    }
    market.score.open = 0;
    assert_eq!(market.validate(120), Ok(()));
    let choices = (0..20).map(|n| choose(&market, n));
    let mut first = choices.map(|choice| choice.ranked[0].score);
    assert!(
        first.any(|score| score.open == 0),
        "the tie-break alone decides"
    );
}

#[test]
fn an_explanation_of_the_policy_before_still_parses() {
    let old = r#"{"policy_version":2,"weights":{"stars":30,"credit":20,"completion":20,"distance":20,"load":10},"winner":"agy_00000000000000000000000000","radii":[{"radius_m":5000,"eligible":1,"candidates":[{"agency_id":"agy_00000000000000000000000000","store_id":"sto_0000000000000","distance_m":900,"unstaffed_claims":0,"workers":{"skilled":2,"cleared":1},"score":{"total":825000,"stars":750,"credit":800,"completion":900,"distance":800,"load":1000}}],"exclusions":{}}]}"#;
    let read: Explanation = serde_json::from_str(old).unwrap();
    let score = read.radii[0].candidates[0].score;
    assert_eq!((score.wishes, score.open), (0, 0));
}

proptest! {
    #[test]
    fn a_larger_share_of_cleared_workers_never_scores_lower(candidate in any_candidate(), more in 0..50_u32) {
        let mut better = candidate.clone();
        better.workers.cleared = (better.workers.cleared + more).min(better.workers.skilled);
        prop_assert!(total(&better) >= total(&candidate));
    }

    #[test]
    fn nearer_never_scores_lower(candidate in any_candidate(), closer in 0.0..=1.0_f64) {
        let nearer = Candidate { distance_m: candidate.distance_m * closer, ..candidate.clone() };
        prop_assert!(total(&nearer) >= total(&candidate));
    }

    #[test]
    fn better_rated_never_scores_lower(candidate in any_candidate(), more in 0..10_000_u64) {
        let mut better = candidate.clone();
        let most = better.stats.stars_count * 5;
        better.stats.stars_sum = (better.stats.stars_sum + more).min(most);
        prop_assert!(total(&better) >= total(&candidate));
    }

    #[test]
    fn less_loaded_never_scores_lower(candidate in any_candidate(), less in 0..20_u32) {
        let freer = Candidate { load: candidate.load.saturating_sub(less), ..candidate.clone() };
        prop_assert!(total(&freer) >= total(&candidate));
    }

    #[test]
    fn more_reliable_never_scores_lower(candidate in any_candidate(), more in 0..1_000_u64) {
        let mut completed = candidate.clone();
        completed.stats.completed += more;
        prop_assert!(total(&completed) >= total(&candidate));
        let mut kept = candidate.clone();
        kept.stats.abandoned = kept.stats.abandoned.saturating_sub(more);
        prop_assert!(total(&kept) >= total(&candidate));
        let mut upheld = candidate.clone();
        upheld.stats.upheld += more;
        prop_assert!(total(&upheld) <= total(&candidate));
    }

    #[test]
    fn a_score_is_within_its_bounds(mut candidate in any_candidate(), sum: u64, count: u64) {
        candidate.stats.stars_sum = sum;
        candidate.stats.stars_count = count;
        candidate.distance_m = f64::NAN;
        let parts = score(&order(), &candidate, &Market::default(), 5_000);
        prop_assert!(parts.total <= 1_000_000);
        prop_assert!([parts.stars, parts.credit, parts.completion, parts.load].iter().all(|p| *p <= 1000));
    }

    #[test]
    fn the_choice_depends_on_the_set_alone(
        candidates in prop::collection::btree_map(any::<u8>(), any_candidate(), 0..20),
        turn in 0..20_usize,
    ) {
        let mut candidates: Vec<_> = candidates
            .into_iter()
            .map(|(n, c)| Candidate { agency: AgencyId::from_bytes(&[n; 16]), ..c })
            .collect();
        let market = Market::default();
        let first = choose(&order(), candidates.clone(), &market, 5_000);
        candidates.reverse();
        if !candidates.is_empty() {
            let turn = turn % candidates.len();
            candidates.rotate_left(turn);
        }
        prop_assert_eq!(&choose(&order(), candidates, &market, 5_000), &first);
        let scores: Vec<_> = first.ranked.iter().map(|ranked| ranked.score.total).collect();
        prop_assert!(scores.is_sorted_by(|a, b| a >= b));
    }
}
