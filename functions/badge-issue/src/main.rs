//! The function `badge-issue` on Lambda.

use badge_issue::BadgeIssue;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let function = BadgeIssue::new(&settings)?;
    serve_http(&settings, |request| function.handle(request)).await
}
