//! The function `order-grab` on Lambda.

use order_grab::OrderGrab;
use runtime::Environment;
use runtime::function::{Error, serve_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let order_grab = OrderGrab::new(&Environment::from_process().await)?;
    serve_http(|request| order_grab.handle(request)).await
}
