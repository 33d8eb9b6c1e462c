//! The function `badge-verify` on Lambda.

use badge_verify::BadgeVerify;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let badges = BadgeVerify::new(&settings)?;
    serve_http(&settings, |request| badges.handle(request)).await
}
