//! The function `sessions` on Lambda.

use runtime::function::{Error, serve_http};
use sessions::Sessions;
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let sessions = Sessions::new(&settings)?;
    serve_http(&settings, |request| sessions.handle(request)).await
}
