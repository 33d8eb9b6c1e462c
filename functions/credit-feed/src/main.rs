//! The function `credit-feed` on Lambda.

use credit_feed::CreditFeed;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let credit_feed = CreditFeed::new(&Settings::from_process())?;
    serve_http(|request| credit_feed.handle(request)).await
}
