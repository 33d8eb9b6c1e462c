//! The function `badge-issue` on Lambda.

use badge_issue::BadgeIssue;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let function = BadgeIssue::new(&Environment::from_process().await)?;
    serve_http(|request| function.handle(request)).await
}
