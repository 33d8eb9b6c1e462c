//! Whatever no function has a route for: the gateway sends it here, where there is nothing to steal.

use runtime::Problem;
use runtime::http::{Request, Response};

/// Answers one request: there is no such thing, and nothing is answered to TRACE, which would repeat a caller's token.
pub async fn handle(request: Request) -> Response {
    let problem = match request.method().as_str() {
        "TRACE" => Problem::method_not_allowed(),
        _ => Problem::not_found(),
    };
    problem.into_response()
}
