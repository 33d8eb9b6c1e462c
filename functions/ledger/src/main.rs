//! The function `ledger` on Lambda.

use ledger::Ledger;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let ledger = Ledger::new(&settings)?;
    serve_http(&settings, |request| ledger.handle(request)).await
}
