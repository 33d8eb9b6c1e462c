//! The function `feed-apply` on Lambda.

use feed_apply::FeedApply;
use runtime::Environment;
use runtime::function::{Error, serve_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let feed_apply = FeedApply::new(&Environment::from_process().await)?;
    serve_events(|event| feed_apply.handle(event)).await
}
