//! Lambda stops a function that a chain of messages comes back to more than 16 times. Ours may be come back to for as long as
//! there is a point in it.

use std::time::Duration;

use local::platform::Options;
use local::template::SOURCE;
use serde_json::json;

use crate::operator::Operator;
use crate::world::World;

const LONGEST_DELAY: Duration = Duration::from_secs(901);

/// The template with a queue of timers that leads back to their dead letters, as if `auto-assign` failed all the time.
fn round_and_round() -> String {
    let mut template = SOURCE.to_owned();
    for (from, to) in [
        (
            "TIMER_QUEUE_URL: !Ref TimerQueue\n          FEED_QUEUE_URL",
            "TIMER_QUEUE_URL: !Ref TimerDeadLetters\n          FEED_QUEUE_URL",
        ),
        (
            "Action: sqs:SendMessage, Resource: !GetAtt UndeliverableQueue.Arn",
            "Action: sqs:SendMessage, Resource: !GetAtt TimerDeadLetters.Arn",
        ),
    ] {
        assert_eq!(template.matches(from).count(), 1, "{from}");
        template = template.replace(from, to);
    }
    template
}

/// How often `dead-letters` takes up one timer in 21 times the longest delay.
async fn trips(template: String) -> u64 {
    let world = World::with(Options {
        template,
        ..Options::default()
    })
    .await;
    let later = |by: u64| (world.now() + Duration::from_secs(by)).to_rfc3339();
    let order = json!({
        "order_id": "ord_00000000000000000000000000",
        "grab_deadline": later(180), "start_at": later(7 * 86_400),
    });
    let operator = Operator::of(&world).await;
    operator.bury_timer(&world, &order).await;
    world.drain().await;
    for _ in 0..20 {
        world.advance(LONGEST_DELAY).await;
    }
    world.platform.wire().usage("dead-letters").invocations
}

#[tokio::test]
async fn a_letter_goes_round_for_as_long_as_there_is_a_point_in_it() {
    assert_eq!(trips(round_and_round()).await, 21);
}

#[tokio::test]
async fn lambda_stops_a_letter_of_a_function_that_may_not_loop() {
    let template = round_and_round().replace("      RecursiveLoop: Allow\n", "");
    assert_eq!(trips(template).await, 16);
}
