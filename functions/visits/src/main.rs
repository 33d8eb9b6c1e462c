//! The function `visits` on Lambda.

use runtime::function::{Error, serve_http};
use settings::Settings;
use visits::Visits;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let visits = Visits::new(&settings)?;
    serve_http(&settings, |request| visits.handle(request)).await
}
