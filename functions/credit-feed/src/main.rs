//! The function `credit-feed` on Lambda.

use credit_feed::CreditFeed;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let credit_feed = CreditFeed::new(&Environment::from_process().await)?;
    serve_http(|request| credit_feed.handle(request)).await
}
