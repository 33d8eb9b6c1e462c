//! The function `badge-verify` on Lambda.

use badge_verify::BadgeVerify;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let badges = BadgeVerify::new(&Environment::from_process().await)?;
    serve_http(|request| badges.handle(request)).await
}
