//! The function `agency-fanout` on Lambda.

use agency_fanout::AgencyFanout;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let fanout = AgencyFanout::new(&Settings::from_process())?;
    serve_events(|event| fanout.handle(event)).await
}
