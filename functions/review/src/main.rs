//! The function `review` on Lambda.

use review::Review;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let review = Review::new(&Settings::from_process())?;
    serve_http(|request| review.handle(request)).await
}
