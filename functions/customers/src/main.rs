//! The function `customers` on Lambda.

use customers::Customers;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let customers = Customers::new(&Settings::from_process())?;
    serve_http(|request| customers.handle(request)).await
}
