//! The function `ledger` on Lambda.

use ledger::Ledger;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let ledger = Ledger::new(&Environment::from_process().await)?;
    serve_http(|request| ledger.handle(request)).await
}
