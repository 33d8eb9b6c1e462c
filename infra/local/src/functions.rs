//! The functions, by the name that the template calls their code.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use runtime::Environment;
use runtime::function::{Invoke, event_invoke, http_invoke};

/// Makes a function that answers HTTP requests.
macro_rules! http {
    ($function:ty, $environment:expr) => {{
        let function = Arc::new(<$function>::new($environment)?);
        http_invoke(move |request| {
            let function = Arc::clone(&function);
            async move { function.handle(request).await }
        })
    }};
}

/// Makes a function that takes events of another kind.
macro_rules! events {
    ($function:ty, $environment:expr) => {{
        let function = Arc::new(<$function>::new($environment)?);
        event_invoke(move |event| {
            let function = Arc::clone(&function);
            async move { function.handle(event).await }
        })
    }};
}

/// Starts the function whose code is `functions/<code>`, as its process would start.
pub fn start(code: &str, environment: &Environment) -> Result<Invoke> {
    started(code, environment).with_context(|| format!("the function `{code}` cannot start"))
}

fn started(code: &str, environment: &Environment) -> Result<Invoke> {
    Ok(match code {
        "sessions" => http!(sessions::Sessions, environment),
        "registry" => http!(registry::Registry, environment),
        "review" => http!(review::Review, environment),
        "own-record" => http!(own_record::OwnRecord, environment),
        "badge-issue" => http!(badge_issue::BadgeIssue, environment),
        "badge-status" => events!(badge_status::BadgeStatus, environment),
        "order-intake" => http!(order_intake::OrderIntake, environment),
        "offer-queue" => http!(offer_queue::OfferQueue, environment),
        "order-grab" => http!(order_grab::OrderGrab, environment),
        "directory-projection" => {
            events!(directory_projection::DirectoryProjection, environment)
        }
        "agency-fanout" => events!(agency_fanout::AgencyFanout, environment),
        "auto-assign" => events!(auto_assign::AutoAssign, environment),
        "order-events" => events!(order_events::OrderEvents, environment),
        "credit-feed" => http!(credit_feed::CreditFeed, environment),
        "feed-apply" => events!(feed_apply::FeedApply, environment),
        "dead-letters" => events!(dead_letters::DeadLetters, environment),
        "ledger" => http!(ledger::Ledger, environment),
        "badge-verify" => http!(badge_verify::BadgeVerify, environment),
        "scan-log" => events!(scan_log::ScanLog, environment),
        "sequencer" => events!(sequencer::Sequencer, environment),
        other => bail!("there is no code of that name: `{other}`"),
    })
}
