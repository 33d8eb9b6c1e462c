//! The state of all services, and deliveries from one service to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;

use crate::error::Error;
use crate::events::{Buses, Delivery};
use crate::iam::{Call, Caller, Identities};
use crate::journal::{self, Kind};
use crate::kms::SigningKeys;
use crate::names::Names;
use crate::refusal::Refusal;
use crate::s3::Objects;
use crate::scheduler::{Firing, Schedules};
use crate::sqs::{Draft, MessageAttribute, Queues};
use crate::transaction::Transaction;

/// All services' state in memory, under the cloud's one lock. A delivery from one service to another is one
/// transaction.
pub(crate) struct State {
    pub(crate) names: Names,
    pub(crate) identities: Arc<Identities>,
    pub(crate) queues: Queues,
    pub(crate) schedules: Schedules,
    pub(crate) buses: Buses,
    pub(crate) objects: Objects,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) notes: BTreeMap<String, String>,
}

impl State {
    pub(crate) fn new(names: Names, identities: Arc<Identities>) -> Self {
        Self {
            queues: Queues::new(names.clone()),
            schedules: Schedules::new(names.clone()),
            buses: Buses::new(names.clone()),
            objects: Objects::default(),
            signing_keys: SigningKeys::default(),
            notes: BTreeMap::new(),
            names,
            identities,
        }
    }

    /// Reads everything back from the journal.
    pub(crate) fn load(
        names: Names,
        identities: Arc<Identities>,
        file: &Connection,
        now: i64,
    ) -> Result<Self, Error> {
        for (_, session) in journal::documents(file, Kind::Session)? {
            identities.add_session(session);
        }
        Ok(Self {
            queues: Queues::load(names.clone(), file, now)?,
            schedules: Schedules::load(names.clone(), file)?,
            buses: Buses::new(names.clone()),
            objects: Objects::load(file)?,
            signing_keys: SigningKeys::default(),
            notes: journal::texts(file, Kind::Note)?.into_iter().collect(),
            names,
            identities,
        })
    }

    /// Delivers every schedule that is due, and completes it.
    pub(crate) fn fire_due(&mut self, transaction: &mut Transaction) {
        while let Some(firing) = self.schedules.fire(transaction) {
            let delivered =
                self.send_for_schedule(&firing, &firing.target.arn, BTreeMap::new(), transaction);
            let Err(refusal) = delivered else { continue };
            let buried = firing.target.dead_letter_config.as_ref().map(|letters| {
                let attributes = dead_letter_attributes(&firing, &refusal);
                self.send_for_schedule(&firing, &letters.arn, attributes, transaction)
            });
            match buried {
                Some(Ok(())) => tracing::warn!(
                    schedule = firing.arn, %refusal,
                    "a schedule's message went to its dead-letter queue"
                ),
                Some(Err(second)) => tracing::error!(
                    schedule = firing.arn, %refusal, %second,
                    "a schedule's message is lost, as on AWS: neither its queue nor its dead-letter queue took it"
                ),
                None => tracing::error!(
                    schedule = firing.arn, %refusal,
                    "a schedule's message is lost, as on AWS: it has no dead-letter queue"
                ),
            }
        }
    }

    fn send_for_schedule(
        &mut self,
        firing: &Firing,
        arn: &str,
        attributes: BTreeMap<String, MessageAttribute>,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        let queue = self.queue_of_target(arn)?;
        self.identities.authorize_service_under_role(
            "scheduler.amazonaws.com",
            &firing.target.role_arn,
            "sqs:SendMessage",
            arn,
            self.queues.policy(&queue).as_deref(),
        )?;
        let draft = Draft {
            attributes,
            ..Draft::new(firing.target.input.as_str())
        };
        self.queues
            .send(&queue, draft, "scheduler.amazonaws.com", transaction)?;
        Ok(())
    }

    /// Delivers an event to the targets of every rule that it matches.
    pub(crate) fn deliver_event(
        &mut self,
        bus: &str,
        event: &Value,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        for delivery in self.buses.deliveries(bus, event)? {
            if let Err(refusal) = self.send_for_rule(&delivery, event, transaction) {
                tracing::error!(
                    rule = delivery.rule_arn, target = delivery.target_arn, %refusal,
                    "an event is lost, as on AWS without a dead-letter queue: its rule's target did not take it"
                );
            }
        }
        Ok(())
    }

    fn send_for_rule(
        &mut self,
        delivery: &Delivery,
        event: &Value,
        transaction: &mut Transaction,
    ) -> Result<(), Refusal> {
        const EVENTS: &str = "events.amazonaws.com";
        let queue = self.queue_of_target(&delivery.target_arn)?;
        let service = Caller::service(EVENTS, &self.names.account);
        let policy = self.queues.policy(&queue);
        let call = Call::new(&service, "sqs:SendMessage", &delivery.target_arn)
            .with("aws:SourceArn", delivery.rule_arn.as_str())
            .with("aws:SourceAccount", self.names.account.as_str())
            .guarded_by(policy.as_deref());
        self.identities.authorize(&call)?;
        let draft = Draft::new(event.to_string());
        self.queues.send(&queue, draft, EVENTS, transaction)?;
        Ok(())
    }

    fn queue_of_target(&self, arn: &str) -> Result<String, Refusal> {
        let queue = self
            .names
            .queue_of_arn(arn)
            .filter(|queue| self.queues.exists(queue));
        queue.map(str::to_owned).ok_or_else(|| {
            Refusal::new(
                "QueueDoesNotExist",
                format!("The target {arn} does not exist."),
            )
        })
    }
}

/// The attributes of the scheduler's dead letters ("Retrieve the dead-letter event", EventBridge
/// Scheduler User Guide); the body is the schedule's input.
fn dead_letter_attributes(
    firing: &Firing,
    refusal: &Refusal,
) -> BTreeMap<String, MessageAttribute> {
    let scheduled = jiff::Timestamp::from_millisecond(firing.due_at).unwrap_or_default();
    [
        ("ERROR_CODE", refusal.code.to_owned()),
        ("ERROR_MESSAGE", refusal.message.clone()),
        ("SCHEDULE_ARN", firing.arn.clone()),
        ("TARGET_ARN", firing.target.arn.clone()),
        ("SCHEDULED_TIME", scheduled.to_string()),
        ("RETRY_ATTEMPTS", "0".to_owned()),
    ]
    .into_iter()
    .map(|(name, string_value)| {
        let data_type = match name {
            "RETRY_ATTEMPTS" => "Number",
            _ => "String",
        };
        let attribute = MessageAttribute {
            data_type: data_type.to_owned(),
            string_value,
        };
        (name.to_owned(), attribute)
    })
    .collect()
}
