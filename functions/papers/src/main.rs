//! The function `papers` on Lambda.

use papers::PaperDesk;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let papers = PaperDesk::new(&Settings::from_process())?;
    serve_http(|request| papers.handle(request)).await
}
