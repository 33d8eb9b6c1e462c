//! The function `agency-fanout` on Lambda.

use agency_fanout::AgencyFanout;
use runtime::Environment;
use runtime::function::{Error, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let fanout = AgencyFanout::new(&Environment::from_process().await)?;
    serve_events(|event| fanout.handle(event)).await
}
