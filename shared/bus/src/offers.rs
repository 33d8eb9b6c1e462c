//! The agencies' order queues.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName};
use domain::id::AgencyId;
use serde_json::json;
use settings::Settings;

use crate::{Error, Offer};

/// An offer that is not acknowledged comes again after this long.
const VISIBILITY_S: &str = "30";
/// Offers are worthless long before, but a notice is read on Monday that came on Friday: 4 days.
const RETENTION_S: &str = "345600";
/// The most entries of a batch call.
const BATCH: usize = 10;
/// What a long poll is given beyond its waiting.
const ANSWER: Duration = Duration::from_secs(3);

/// The agencies' order queues, one each: `<prefix><agency id without its own prefix>`.
#[derive(Clone, Debug)]
pub struct OfferQueues {
    sqs: Client,
    /// Calls have a limit of time on AWS; on one machine, whose speed nobody knows, they have none.
    is_hurried: bool,
    prefix: String,
    /// Where queues of this account and region are, up to and with the last slash.
    base: String,
}

/// An offer received, and what acknowledges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The offer; none when the body is not one, which only a stranger can have sent.
    pub offer: Option<Offer>,
    /// Acknowledges it; valid as long as it stays invisible to others.
    pub receipt: String,
}

impl OfferQueues {
    pub fn new(settings: &Settings) -> Self {
        let sibling = settings.text("QUEUE_URL_SIBLING");
        let base = sibling.rsplit_once('/');
        Self {
            sqs: settings.client(Client::new),
            is_hurried: settings
                .sdk()
                .timeout_config()
                .is_some_and(TimeoutConfig::has_timeouts),
            prefix: settings.text("OFFER_QUEUE_PREFIX"),
            base: base.map_or_else(String::new, |(base, _)| format!("{base}/")),
        }
    }

    /// The name of an agency's queue.
    pub fn name(&self, agency: &AgencyId) -> String {
        format!("{}{}", self.prefix, agency.bare())
    }

    /// The URL of an agency's queue. Made, not asked for: that would be one more call an offer.
    pub fn url(&self, agency: &AgencyId) -> String {
        format!("{}{}", self.base, self.name(agency))
    }

    /// Shows an agency an order.
    ///
    /// # Errors
    /// [`Error::NoSuchQueue`] when the agency has none; else when it was not accepted, or that is not known.
    pub async fn send(&self, agency: &AgencyId, offer: &Offer) -> Result<(), Error> {
        self.sqs
            .send_message()
            .queue_url(self.url(agency))
            .message_body(offer.body()?)
            .send()
            .await
            .map_err(|error| Error::call("SendMessage", error))?;
        Ok(())
    }

    /// At most `most` offers (1 to 10), waiting up to `wait` (20 s) for the first.
    ///
    /// # Errors
    /// [`Error::NoSuchQueue`] when the agency has none; else when there was no answer.
    pub async fn receive(
        &self,
        agency: &AgencyId,
        most: u32,
        wait: Duration,
    ) -> Result<Vec<Received>, Error> {
        let wait = Duration::from_secs(wait.as_secs().min(20));
        // A long poll takes longer than any other call, and is not worth repeating past its end.
        let timeouts = if self.is_hurried {
            TimeoutConfig::builder()
                .operation_attempt_timeout(wait + ANSWER)
                .operation_timeout(wait + ANSWER)
                .build()
        } else {
            TimeoutConfig::disabled()
        };
        let answer = self
            .sqs
            .receive_message()
            .queue_url(self.url(agency))
            .max_number_of_messages(i32::try_from(most.clamp(1, 10)).unwrap_or(10))
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(20))
            .customize()
            .config_override(aws_sdk_sqs::Config::builder().timeout_config(timeouts))
            .send()
            .await
            .map_err(|error| Error::call("ReceiveMessage", error))?;
        let received = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let offer = message.body.as_deref().and_then(|body| match Offer::parse(body) {
                Ok(offer) => Some(offer),
                Err(reason) => {
                    tracing::warn!(
                        agency.id = %agency, error = %reason, "an agency's queue holds what is not an offer"
                    );
                    None
                }
            });
            message.receipt_handle.map(|receipt| Received { offer, receipt })
        });
        Ok(received.collect())
    }

    /// Acknowledges offers by their receipts; answers for each, in order, whether it was accepted.
    ///
    /// # Errors
    /// [`Error::NoSuchQueue`] when the agency has none; else when there was no answer, or an entry failed for
    /// a reason that is not the receipt's. Acknowledging again is harmless.
    pub async fn acknowledge(
        &self,
        agency: &AgencyId,
        receipts: &[impl AsRef<str>],
    ) -> Result<Vec<bool>, Error> {
        let mut accepted = vec![true; receipts.len()];
        for (batch, chunk) in receipts.chunks(BATCH).enumerate() {
            let entries = chunk.iter().enumerate().map(|(n, receipt)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(receipt.as_ref())
                    .build()
            });
            let entries: Result<Vec<_>, _> = entries.collect();
            let answer = self
                .sqs
                .delete_message_batch()
                .queue_url(self.url(agency))
                .set_entries(Some(
                    entries.map_err(|error| Error::unbuildable("DeleteMessageBatch", error))?,
                ))
                .send()
                .await
                .map_err(|error| Error::call("DeleteMessageBatch", error))?;
            for failed in answer.failed {
                if !failed.sender_fault {
                    return Err(Error::entry("DeleteMessageBatch", &failed.code));
                }
                // Ids are ours, so an answer with another one says nothing about any receipt.
                if let Some(flag) = failed
                    .id
                    .parse::<usize>()
                    .ok()
                    .and_then(|n| accepted.get_mut(batch * BATCH + n))
                {
                    *flag = false;
                }
            }
        }
        Ok(accepted)
    }

    /// Makes an agency's queue. Making it again is harmless.
    pub async fn create(&self, agency: &AgencyId) -> Result<(), Error> {
        self.sqs
            .create_queue()
            .queue_name(self.name(agency))
            .attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY_S)
            .attributes(QueueAttributeName::MessageRetentionPeriod, RETENTION_S)
            .attributes(QueueAttributeName::SqsManagedSseEnabled, "true")
            .attributes(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "0")
            .send()
            .await
            .map_err(|error| Error::call("CreateQueue", error))?;
        Ok(())
    }

    /// Lets an agency poll its queue itself: it has no policy, so the polling role's own decides.
    ///
    /// # Errors
    /// [`Error::NoSuchQueue`] when the agency has none; else when it was not accepted, or that is not known.
    pub async fn allow(&self, agency: &AgencyId) -> Result<(), Error> {
        self.set_attributes(agency, String::new()).await
    }

    /// Keeps an agency from polling its queue with keys that it still has: an explicit deny for the polling
    /// role outweighs what the role allows.
    ///
    /// # Errors
    /// As [`Self::allow`].
    pub async fn deny(&self, agency: &AgencyId, polling_role_arn: &str) -> Result<(), Error> {
        let policy = denial(polling_role_arn, &self.name(agency));
        self.set_attributes(agency, policy).await
    }

    /// Sets the policy, and what a queue from before notices has otherwise.
    async fn set_attributes(&self, agency: &AgencyId, policy: String) -> Result<(), Error> {
        let retention = QueueAttributeName::MessageRetentionPeriod;
        let attributes = [
            (QueueAttributeName::Policy, policy),
            (retention, RETENTION_S.to_owned()),
        ];
        self.sqs
            .set_queue_attributes()
            .queue_url(self.url(agency))
            .set_attributes(Some(HashMap::from(attributes)))
            .send()
            .await
            .map_err(|error| Error::call("SetQueueAttributes", error))?;
        Ok(())
    }
}

/// The principal is everyone under a condition, because a role named as principal is replaced by its unique
/// id when the policy is stored, and would stop matching if the role were made anew. The queue's ARN is made
/// from the role's: the same partition and account. The region may be any, since the policy hangs on the queue.
fn denial(polling_role_arn: &str, queue: &str) -> String {
    let mut parts = polling_role_arn.split(':').skip(1);
    let partition = parts.next().unwrap_or("aws");
    let account = parts.nth(2).unwrap_or("*");
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "suspended",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            "Resource": format!("arn:{partition}:sqs:*:{account}:{queue}"),
            "Condition": {"ArnEquals": {"aws:PrincipalArn": polling_role_arn}},
        }],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_queue_and_the_polling_role() {
        let policy = denial("arn:aws-cn:iam::123456789012:role/poll", "offers-1");
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "suspended",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
                "Resource": "arn:aws-cn:sqs:*:123456789012:offers-1",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws-cn:iam::123456789012:role/poll"}},
            }],
        });
        assert_eq!(policy, expected);
    }

    #[test]
    fn an_agencys_queue_is_beside_our_own() {
        let own = "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/homehail-fan-out";
        let settings = Settings::from_variables([
            ("OFFER_QUEUE_PREFIX", "homehail-offers-"),
            ("QUEUE_URL_SIBLING", own),
        ]);
        let queues = OfferQueues::new(&settings);
        assert_eq!(
            queues.url(&AgencyId::from_bytes(&[0; 16])),
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/homehail-offers-00000000000000000000000000"
        );
    }
}
