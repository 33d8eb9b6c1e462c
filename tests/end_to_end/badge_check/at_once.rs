//! Others change something between what a badge check reads and what it writes.

use super::*;

/// Where the call that begins a visit is held up.
const BEGINNING: &str = "dynamodb:TransactWriteItems";

/// The customer scans `token`, and `meanwhile` happens before the visit is written; returns what the customer is told.
async fn told_when<T>(
    world: &World,
    order: &Claimed,
    token: &str,
    meanwhile: impl Future<Output = T>,
) -> String {
    let held = world.platform.wire().hold("visits", BEGINNING);
    let other = async {
        held.reached().await;
        meanwhile.await;
        held.let_go();
    };
    let (told, ()) = tokio::join!(result(world, order, token), other);
    told
}

#[tokio::test]
async fn no_visit_begins_by_a_badge_that_was_revoked_meanwhile() {
    for (decision, expected) in [("revoke", "revoked"), ("suspend", "suspended")] {
        let world = World::empty().await;
        let (agency, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
        let decided = decide(&world, &agency, &badge, decision);
        let told = told_when(&world, &order, &badge.token, decided).await;
        assert_eq!(told, expected);
        assert_eq!(status(&world, &order).await, "staffed");
        assert_eq!(check_ins(&world, &worker).await, 0);
    }
}

#[tokio::test]
async fn a_visit_begins_by_a_badge_that_was_reinstated_meanwhile_once() {
    let world = World::empty().await;
    let (agency, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
    let back_and_forth = async {
        decide(&world, &agency, &badge, "suspend").await;
        decide(&world, &agency, &badge, "reinstate").await;
    };
    let told = told_when(&world, &order, &badge.token, back_and_forth).await;
    assert_eq!(told, "match");
    assert_eq!(status(&world, &order).await, "in_service");
    assert_eq!(check_ins(&world, &worker).await, 1);
}

#[tokio::test]
async fn a_code_that_is_scanned_twice_at_once_begins_one_visit() {
    let world = World::empty().await;
    let (_, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
    let shown = code(&world, &badge, 0);
    let first = async { assert_eq!(result(&world, &order, &shown).await, "match") };
    let second = told_when(&world, &order, &shown, first).await;
    assert_eq!(second, "match");
    assert_eq!(check_ins(&world, &worker).await, 1);
}

#[tokio::test]
async fn a_printed_badge_and_another_code_match_though_the_visit_began_meanwhile() {
    for is_printed in [true, false] {
        let world = World::empty().await;
        let (_, worker, badge, order) = staffed(&world, "cleaning", HOUR).await;
        let first = code(&world, &badge, 0);
        let second = if is_printed {
            badge.token.clone()
        } else {
            code(&world, &badge, 30)
        };
        let begun = async { assert_eq!(result(&world, &order, &first).await, "match") };
        assert_eq!(told_when(&world, &order, &second, begun).await, "match");
        assert_eq!(check_ins(&world, &worker).await, 1);
    }
}
