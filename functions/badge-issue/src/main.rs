//! The function `badge-issue` on Lambda.

use badge_issue::BadgeIssue;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let function = BadgeIssue::new(&Settings::from_process())?;
    serve_http(|request| function.handle(request)).await
}
