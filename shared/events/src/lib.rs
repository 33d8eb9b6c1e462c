//! Events on the bus, for whoever wants to know what happens to orders and badges: ids only, no personal data, no place.
//!
//! An event can come twice or late; none that was accepted is lost. Apart from queues and timers, so that a function
//! which puts no events is built without EventBridge.

mod badges;
mod orders;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde::Serialize;
use settings::Settings;

pub use badges::ScannedApart;
pub use calls::Error;
pub use orders::{OrderEvent, OrderEventDetail, OrderEventKind};

const CALL: &str = "PutEvents";

#[derive(Clone, Debug)]
pub struct Events {
    eventbridge: Client,
    bus: String,
}

impl Events {
    pub fn new(settings: &Settings) -> Self {
        Self {
            eventbridge: settings.client(Client::new),
            bus: settings.text("EVENT_BUS"),
        }
    }

    fn entry(
        &self,
        source: &str,
        detail_type: &str,
        detail: &impl Serialize,
    ) -> Result<PutEventsRequestEntry, Error> {
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(source)
            .detail_type(detail_type)
            .detail(serde_json::to_string(detail)?)
            .build())
    }
}
