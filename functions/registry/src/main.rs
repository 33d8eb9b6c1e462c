//! The function `registry` on Lambda.

use registry::Registry;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let registry = Registry::new(&Settings::from_process())?;
    serve_http(|request| registry.handle(request)).await
}
