//! The function `badge-verify` on Lambda.

use badge_verify::BadgeVerify;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let badges = BadgeVerify::new(&Settings::from_process())?;
    serve_http(|request| badges.handle(request)).await
}
