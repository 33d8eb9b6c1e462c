//! The function `visits` on Lambda.

use runtime::function::{Error, serve_http};
use settings::Settings;
use visits::Visits;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let visits = Visits::new(&Settings::from_process())?;
    serve_http(|request| visits.handle(request)).await
}
