//! The function `order-intake` on Lambda.

use order_intake::OrderIntake;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let order_intake = OrderIntake::new(&settings)?;
    serve_http(&settings, |request| order_intake.handle(request)).await
}
