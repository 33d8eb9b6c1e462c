//! The function `pages` on Lambda.

use pages::Pages;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let pages = Pages::new(&Settings::from_process())?;
    serve_http(|request| pages.handle(request)).await
}
