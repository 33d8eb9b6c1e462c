//! The function `review` on Lambda.

use review::Review;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let review = Review::new(&Environment::from_process().await)?;
    serve_http(|request| review.handle(request)).await
}
