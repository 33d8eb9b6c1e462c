//! The function `members` on Lambda.

use members::Members;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let members = Members::new(&settings)?;
    serve_http(&settings, |request| members.handle(request)).await
}
