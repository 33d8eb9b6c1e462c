//! The function `members` on Lambda.

use members::Members;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let members = Members::new(&Settings::from_process())?;
    serve_http(|request| members.handle(request)).await
}
