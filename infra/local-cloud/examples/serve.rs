//! The emulated cloud by itself: `cargo run -p local-cloud --example serve -- PORT [FILE]`.
//!
//! The access key `test` with the secret `test` may do everything. Without a file, nothing is kept.

use std::path::PathBuf;
use std::sync::Arc;

use local_cloud::{Clock, Cloud, Identities};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let file = arguments.next().map(PathBuf::from);

    let (region, account) = ("us-east-1", "000000000000");
    let clock = Clock::system();
    let identities = Arc::new(Identities::new(clock.clone(), region, account));
    identities.add_operator("test", "test");
    let cloud = Cloud::open(file.as_deref(), clock, identities, region, account)?;

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("ready http://{}", listener.local_addr()?);
    cloud.serve(listener).await?;
    Ok(())
}
