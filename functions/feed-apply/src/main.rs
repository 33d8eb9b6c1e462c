//! The function `feed-apply` on Lambda.

use feed_apply::FeedApply;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let feed_apply = FeedApply::new(&Settings::from_process())?;
    serve_events(|event| feed_apply.handle(event)).await
}
