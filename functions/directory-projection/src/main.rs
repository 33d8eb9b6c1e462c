//! The function `directory-projection` on Lambda.

use directory_projection::DirectoryProjection;
use runtime::function::{Error, serve_events};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let projection = DirectoryProjection::new(&Settings::from_process())?;
    serve_events(|event| projection.handle(event)).await
}
