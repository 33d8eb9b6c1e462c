//! The function `sessions` on Lambda.

use runtime::function::{Error, serve_http};
use sessions::Sessions;
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let sessions = Sessions::new(&Settings::from_process())?;
    serve_http(|request| sessions.handle(request)).await
}
