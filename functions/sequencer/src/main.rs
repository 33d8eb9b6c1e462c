//! The function `sequencer` on Lambda.

use runtime::Environment;
use runtime::function::{Error, serve_events};
use sequencer::Sequencer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let sequencer = Sequencer::new(&Environment::from_process().await)?;
    serve_events(|event| sequencer.handle(event)).await
}
