//! The answers about batches.

use domain::feed::{Rejected, Unfit};
use lambda_http::http::StatusCode;
use runtime::http::{self, Response};
use runtime::{Problem, spoken};
use serde_json::{Value, json};
use store::{Batch, BatchInTurn, BatchState, REPORT_PAGE};

/// The slug both for a wrong signature and for an unknown source.
pub(crate) const BAD_SIGNATURE: &str = "bad-signature";

/// 401 for an unknown source and for a wrong signature alike; the client is not told which.
pub(crate) fn bad_signature() -> Problem {
    Problem::new(
        BAD_SIGNATURE,
        StatusCode::UNAUTHORIZED,
        "The signature is not accepted",
        "The source is unknown, or the signature is not its own over this manifest.",
    )
}

/// 409: the manifest does not follow what the source announced before.
pub(crate) fn unfit(unfit: Unfit) -> Problem {
    let refusal = |slug, title| {
        let mut detail = unfit.to_string();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Problem::new(slug, StatusCode::CONFLICT, title, format!("{detail}."))
    };
    match unfit {
        Unfit::Gap { expected } => {
            refusal("sequence-gap", "A batch is missing").member("expected_seq", expected)
        }
        Unfit::Taken { expected } => refusal("conflict", "In conflict with the current state")
            .member("expected_seq", expected),
        Unfit::ChainBroken { expected } => {
            refusal("chain-broken", "The batch does not follow the one before")
                .member("expected_prev_sha256", expected.to_string())
        }
        Unfit::Older { .. } => refusal("older-batch", "The batch is older than the one before"),
        Unfit::TooMany => refusal("conflict", "In conflict with the current state"),
    }
}

/// 202: the manifest or part is stored.
pub(crate) fn accepted(batch: &Batch) -> Response {
    let manifest = &batch.manifest;
    http::json(
        StatusCode::ACCEPTED,
        &json!({
            "source": manifest.source,
            "batch_id": manifest.batch_id,
            "seq": manifest.seq,
            "manifest_sha256": batch.manifest_sha256,
            "status": batch.state.as_str(),
            "parts": manifest.parts,
            "parts_received": batch.parts.len(),
        }),
    )
}

/// The page of the report that a cursor names, from 0; 400 if this batch's report has no such page.
pub(crate) fn page_of(batch: &Batch, cursor: Option<&str>) -> Result<u32, Problem> {
    let Some(cursor) = cursor else {
        return Ok(0);
    };
    let is_over = batch.state == BatchState::Applied;
    let page = cursor.parse().ok().filter(|page: &u32| {
        *page > 0 && is_over && begins(*page) < batch.counts.rejected && page.to_string() == cursor
    });
    page.ok_or_else(|| Problem::malformed().detail("The cursor is not one of this list."))
}

fn begins(page: u32) -> u64 {
    u64::from(page) * REPORT_PAGE as u64
}

/// 200: the batch's progress, with a page of its rejected rows, and what is wrong with them in the language of the request.
pub(crate) fn standing(
    found: &BatchInTurn,
    page: u32,
    mut rejected: Vec<Rejected>,
    languages: &str,
) -> Response {
    let batch = &found.batch;
    let is_over = batch.state == BatchState::Applied;
    let has_more = is_over && begins(page + 1) < batch.counts.rejected;
    for row in &mut rejected {
        row.detail = spoken(&row.detail, languages);
    }
    let mut answer = summary(found, languages);
    answer["rejected"] = json!(rejected);
    answer["next_cursor"] = json!(has_more.then(|| (page + 1).to_string()));
    http::json(StatusCode::OK, &answer)
}

/// The batch's progress.
pub(crate) fn summary(found: &BatchInTurn, languages: &str) -> Value {
    let batch = &found.batch;
    let manifest = &batch.manifest;
    let (status, detail) = if found.is_replaced() {
        let detail =
            "A batch before it or itself was refused, and its seq has been announced anew.";
        (BatchState::Refused, Some(detail))
    } else {
        (batch.state, batch.detail.as_deref())
    };
    json!({
        "source": manifest.source,
        "batch_id": manifest.batch_id,
        "seq": manifest.seq,
        "as_of": manifest.as_of.to_rfc3339(),
        "manifest_sha256": batch.manifest_sha256,
        "status": status.as_str(),
        "detail": detail.map(|detail| spoken(detail, languages)),
        "received_at": batch.received_at.to_rfc3339(),
        "applied_at": batch.applied_at.map(domain::time::Millis::to_rfc3339),
        "rows": manifest.rows,
        "parts": manifest.parts,
        "parts_received": batch.parts.len(),
        "applied": batch.counts.applied,
        "unchanged": batch.counts.unchanged,
        "rejected_total": batch.counts.rejected,
    })
}
