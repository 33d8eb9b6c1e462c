//! The function `papers` on Lambda.

use papers::PaperDesk;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let papers = PaperDesk::new(&settings)?;
    serve_http(&settings, |request| papers.handle(request)).await
}
