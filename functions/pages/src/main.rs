//! The function `pages` on Lambda.

use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    serve_http(pages::handle).await
}
