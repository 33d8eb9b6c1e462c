//! The function `order-events` on Lambda.

use order_events::OrderEvents;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let events = OrderEvents::new(&Settings::from_process())?;
    serve_events(|event| events.handle(event)).await
}
