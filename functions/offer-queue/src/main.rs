//! The function `offer-queue` on Lambda.

use offer_queue::OfferQueue;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let offers = OfferQueue::new(&Environment::from_process().await)?;
    serve_http(|request| offers.handle(request)).await
}
