//! The function `workers` on Lambda.

use runtime::function::{Error, serve_http};
use settings::Settings;
use workers::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let desk = Desk::new(&Settings::from_process())?;
    serve_http(|request| desk.handle(request)).await
}
