//! The function `dead-letters` on Lambda.

use dead_letters::DeadLetters;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let letters = DeadLetters::new(&Settings::from_process())?;
    serve_events(|event| letters.handle(event)).await
}
