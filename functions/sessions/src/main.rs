//! The function `sessions` on Lambda.

use runtime::Environment;
use runtime::function::{Error, serve_http};
use sessions::Sessions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let sessions = Sessions::new(&Environment::from_process().await)?;
    serve_http(|request| sessions.handle(request)).await
}
