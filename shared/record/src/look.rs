//! The authority says why it looks at a worker.

use domain::text::line;
use runtime::Problem;
use runtime::http::Query;

/// The purpose of a look whose request gives none. The worker sees it and may object.
const NOT_STATED: &str = "not stated";

/// Why the authority looks, from `?purpose=`: what is stored, for the worker to see, before anything of her is shown.
///
/// # Errors
/// When it is not 1 to 200 visible characters.
pub fn purpose_from(query: &Query) -> Result<String, Problem> {
    let purpose = line(query.text("purpose").unwrap_or(NOT_STATED)).ok();
    let purpose = purpose.filter(|purpose| (1..=200).contains(&purpose.chars().count()));
    purpose.ok_or_else(|| {
        let words = "The authority must give a purpose of 1 to 200 visible characters.";
        Problem::malformed().detail(words)
    })
}
