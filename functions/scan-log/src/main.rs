//! The function `scan-log` on Lambda.

use runtime::function::{Error, serve_events};
use scan_log::ScanLog;
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let log = ScanLog::new(&Settings::from_process())?;
    serve_events(|event| log.handle(event)).await
}
