//! The function `badge-status` on Lambda.

use badge_status::BadgeStatus;
use runtime::Environment;
use runtime::function::{Error, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let function = BadgeStatus::new(&Environment::from_process().await)?;
    serve_events(|event| function.handle(event)).await
}
