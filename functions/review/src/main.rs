//! The function `review` on Lambda.

use review::Review;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let review = Review::new(&settings)?;
    serve_http(&settings, |request| review.handle(request)).await
}
