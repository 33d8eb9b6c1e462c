//! The function `own-record` on Lambda.

use own_record::OwnRecord;
use runtime::function::{Error, serve_http};
use settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::telemetry::init();
    let settings = Settings::from_process();
    let own_record = OwnRecord::new(&settings)?;
    serve_http(&settings, |request| own_record.handle(request)).await
}
