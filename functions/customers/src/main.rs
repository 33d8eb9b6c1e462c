//! The function `customers` on Lambda.

use customers::Customers;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let customers = Customers::new(&settings)?;
    serve_http(&settings, |request| customers.handle(request)).await
}
