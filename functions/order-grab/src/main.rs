//! The function `order-grab` on Lambda.

use order_grab::OrderGrab;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let order_grab = OrderGrab::new(&settings)?;
    serve_http(&settings, |request| order_grab.handle(request)).await
}
