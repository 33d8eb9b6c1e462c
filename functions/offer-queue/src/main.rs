//! The function `offer-queue` on Lambda.

use offer_queue::OfferQueue;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let offers = OfferQueue::new(&settings)?;
    serve_http(&settings, |request| offers.handle(request)).await
}
