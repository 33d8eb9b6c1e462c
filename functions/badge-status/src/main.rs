//! The function `badge-status` on Lambda.

use badge_status::BadgeStatus;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let function = BadgeStatus::new(&Settings::from_process())?;
    serve_events(|event| function.handle(event)).await
}
