//! The function `auto-assign` on Lambda.

use auto_assign::AutoAssign;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let auto_assign = AutoAssign::new(&Settings::from_process())?;
    serve_events(|event| auto_assign.handle(event)).await
}
