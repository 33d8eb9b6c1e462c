//! SDK calls with the operator's keys, to look into queues and to repeat or lose what AWS may repeat or lose.

use aws_sdk_scheduler::Client as Scheduler;
use aws_sdk_sqs::Client as Sqs;
use domain::time::Millis;
use serde_json::{Value, json};

use crate::world::World;

/// SDK clients with keys that may do everything.
pub struct Operator {
    pub sqs: Sqs,
    pub scheduler: Scheduler,
}

impl Operator {
    pub async fn of(world: &World) -> Operator {
        let config = world.platform.operator_sdk_config();
        Operator {
            sqs: Sqs::new(&config),
            scheduler: Scheduler::new(&config),
        }
    }

    /// Sends the timer of an order's grab window once more, as SQS and the scheduler may do at any time.
    pub async fn repeat_timer(&self, world: &World, order_id: &str, epoch: u32) {
        let customer = world.customer("demo-customer-1").await;
        let order = world.order_in_trouble(&customer, order_id).await;
        let deadline = order["grab_deadline"].as_str().expect("a deadline");
        let due = Millis::parse_rfc3339(deadline).expect("RFC 3339");
        let message = json!({
            "kind": "timer", "v": 1, "order_id": order_id, "epoch": epoch, "stage": "grab",
            "due": due, "until": due, "looks": 0, "redrives": 0,
        });
        self.send(world, "timers", &message).await;
    }

    /// Puts the timer of a new order's grab window among the dead letters, as if it had failed again and again.
    pub async fn bury_timer(&self, world: &World, order: &Value) {
        let moment = |field: &str| {
            Millis::parse_rfc3339(order[field].as_str().expect("a moment")).expect("RFC 3339")
        };
        let message = json!({
            "kind": "timer", "v": 1, "order_id": order["order_id"], "epoch": 1, "stage": "grab",
            "due": moment("grab_deadline"), "until": moment("start_at"), "looks": 0, "redrives": 0,
        });
        self.send(world, "timers-dead-letters", &message).await;
    }

    /// Sends an order's fan-out message once more.
    pub async fn repeat_fan_out(&self, world: &World, order: &Value) {
        let due = Millis::parse_rfc3339(order["grab_deadline"].as_str().expect("a deadline"))
            .expect("RFC 3339");
        let start =
            Millis::parse_rfc3339(order["start_at"].as_str().expect("a start")).expect("RFC 3339");
        let message = json!({
            "kind": "fan_out", "v": 1, "order_id": order["order_id"], "epoch": order["epoch"],
            "deadline": due, "service": order["service"], "start_at": start,
            "duration_min": order["duration_min"], "area": order["area"],
            "budget_fen": order["budget_fen"], "radius_m": 5_000, "redrives": 0,
        });
        self.send(world, "fan-out", &message).await;
    }

    /// Sends a message of a batch once more: the one that splits it for shard 0, else the shard's.
    pub async fn repeat_feed(&self, world: &World, source: &str, batch_id: &str, shard: u32) {
        let kind = if shard == 0 {
            "feed_split"
        } else {
            "feed_shard"
        };
        let message = json!({
            "kind": kind, "v": 1, "source": source, "batch_id": batch_id,
            "until": world.now().0 + 3_600_000, "redrives": 0, "shard": shard,
        });
        self.send(world, "feed", &message).await;
    }

    /// Deletes every schedule, of which there are some.
    pub async fn lose_schedules(&self, world: &World) {
        let lost = self.delete_schedules(world).await;
        assert!(lost > 0, "there was a schedule to lose");
    }

    /// Deletes every schedule, and says how many there were.
    pub async fn delete_schedules(&self, world: &World) -> usize {
        let group = format!("{}-timers", world.platform.stack_name());
        let listed = self
            .scheduler
            .list_schedules()
            .group_name(&group)
            .send()
            .await
            .expect("a list");
        for schedule in listed.schedules() {
            let name = schedule.name().expect("a name");
            self.scheduler
                .delete_schedule()
                .group_name(&group)
                .name(name)
                .send()
                .await
                .expect("deleted");
        }
        listed.schedules().len()
    }

    /// Every event in the archive queue.
    pub async fn archived(&self, world: &World) -> Vec<Value> {
        let url = world.queue_url("events");
        let mut all = Vec::new();
        loop {
            let some = self
                .sqs
                .receive_message()
                .queue_url(&url)
                .max_number_of_messages(10)
                .send()
                .await
                .expect("received");
            if some.messages().is_empty() {
                return all;
            }
            for message in some.messages() {
                let body = message.body().expect("a body");
                all.push(serde_json::from_str(body).expect("an event is JSON"));
            }
        }
    }

    async fn send(&self, world: &World, queue: &str, message: &Value) {
        self.sqs
            .send_message()
            .queue_url(world.queue_url(queue))
            .message_body(message.to_string())
            .send()
            .await
            .expect("sent");
    }
}
