//! The function `credit-feed` on Lambda.

use credit_feed::CreditFeed;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let credit_feed = CreditFeed::new(&settings)?;
    serve_http(&settings, |request| credit_feed.handle(request)).await
}
