//! The function `workers` on Lambda.

use runtime::function::{Error, serve_http};
use settings::Settings;
use workers::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let desk = Desk::new(&settings)?;
    serve_http(&settings, |request| desk.handle(request)).await
}
