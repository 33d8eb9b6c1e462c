//! The function `dead-letters` on Lambda.

use dead_letters::DeadLetters;
use runtime::Environment;
use runtime::function::{Error, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let letters = DeadLetters::new(&Environment::from_process().await)?;
    serve_events(|event| letters.handle(event)).await
}
