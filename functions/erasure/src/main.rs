//! The function `erasure` on Lambda.

use erasure::Erasures;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let erasures = Erasures::new(&Settings::from_process())?;
    serve_events(|event| erasures.handle(event)).await
}
