//! The function `order-grab` on Lambda.

use order_grab::OrderGrab;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let order_grab = OrderGrab::new(&Settings::from_process())?;
    serve_http(|request| order_grab.handle(request)).await
}
