//! Whatever no function has a route for: the gateway sends it here, where there is nothing to steal.

use runtime::Problem;
use runtime::http::{Request, Response};

/// Answers one request: there is no such thing.
pub async fn handle(_request: Request) -> Response {
    Problem::not_found().into_response()
}
