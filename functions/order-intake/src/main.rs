//! The function `order-intake` on Lambda.

use order_intake::OrderIntake;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let order_intake = OrderIntake::new(&Settings::from_process())?;
    serve_http(|request| order_intake.handle(request)).await
}
