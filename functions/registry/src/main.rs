//! The function `registry` on Lambda.

use registry::Registry;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let registry = Registry::new(&settings)?;
    serve_http(&settings, |request| registry.handle(request)).await
}
