//! The function `pages` on Lambda.

use pages::Pages;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let pages = Pages::new(&settings)?;
    serve_http(&settings, |request| pages.handle(request)).await
}
