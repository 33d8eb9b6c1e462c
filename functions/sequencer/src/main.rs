//! The function `sequencer` on Lambda.

use runtime::function::{Error, serve_events};
use sequencer::Sequencer;
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let sequencer = Sequencer::new(&Settings::from_process())?;
    serve_events(|event| sequencer.handle(event)).await
}
