//! The function `registry` on Lambda.

use registry::Registry;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let registry = Registry::new(&Environment::from_process().await)?;
    serve_http(|request| registry.handle(request)).await
}
