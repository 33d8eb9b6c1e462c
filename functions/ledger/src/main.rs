//! The function `ledger` on Lambda.

use ledger::Ledger;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let ledger = Ledger::new(&Settings::from_process())?;
    serve_http(|request| ledger.handle(request)).await
}
