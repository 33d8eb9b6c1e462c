//! Starts each function from the name of its folder under `functions/`.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use runtime::function::{Invoke, event_invoke, http_invoke};
use settings::Settings;

/// Makes a function that answers HTTP requests.
macro_rules! http {
    ($function:ty, $settings:expr) => {{
        let function = Arc::new(<$function>::new($settings)?);
        http_invoke($settings, move |request| {
            let function = Arc::clone(&function);
            async move { function.handle(request).await }
        })
    }};
}

/// Makes a function that takes events of another kind.
macro_rules! events {
    ($function:ty, $settings:expr) => {{
        let function = Arc::new(<$function>::new($settings)?);
        event_invoke(move |event| {
            let function = Arc::clone(&function);
            async move { function.handle(event).await }
        })
    }};
}

/// Starts the function in `functions/<code>` with these settings.
pub fn start(code: &str, settings: &Settings) -> Result<Invoke> {
    build(code, settings).with_context(|| format!("the function `{code}` cannot start"))
}

fn build(code: &str, settings: &Settings) -> Result<Invoke> {
    Ok(match code {
        "sessions" => http!(sessions::Sessions, settings),
        "members" => http!(members::Members, settings),
        "papers" => http!(papers::PaperDesk, settings),
        "customers" => http!(customers::Customers, settings),
        "registry" => http!(registry::Registry, settings),
        "workers" => http!(workers::Desk, settings),
        "review" => http!(review::Review, settings),
        "own-record" => http!(own_record::OwnRecord, settings),
        "erasure" => events!(erasure::Erasures, settings),
        "badge-issue" => http!(badge_issue::BadgeIssue, settings),
        "badge-status" => events!(badge_status::BadgeStatus, settings),
        "order-intake" => http!(order_intake::OrderIntake, settings),
        "visits" => http!(visits::Visits, settings),
        "offer-queue" => http!(offer_queue::OfferQueue, settings),
        "order-grab" => http!(order_grab::OrderGrab, settings),
        "directory-projection" => {
            events!(directory_projection::DirectoryProjection, settings)
        }
        "agency-fanout" => events!(agency_fanout::AgencyFanout, settings),
        "auto-assign" => events!(auto_assign::AutoAssign, settings),
        "order-events" => events!(order_events::OrderEvents, settings),
        "credit-feed" => http!(credit_feed::CreditFeed, settings),
        "feed-apply" => events!(feed_apply::FeedApply, settings),
        "dead-letters" => events!(dead_letters::DeadLetters, settings),
        "ledger" => http!(ledger::Ledger, settings),
        "badge-verify" => http!(badge_verify::BadgeVerify, settings),
        "scan-log" => events!(scan_log::ScanLog, settings),
        "pages" => http!(pages::Pages, settings),
        "sequencer" => events!(sequencer::Sequencer, settings),
        other => bail!("there is no function of this name: `{other}`"),
    })
}
