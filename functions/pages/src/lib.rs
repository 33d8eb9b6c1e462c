//! What anybody may read and takes nothing but settings: the services that can be ordered. And whatever no function has a route
//! for: the gateway sends it here, where there is nothing to steal.

use domain::market::Market;
use lambda_http::http::Method;
use lambda_http::http::header::{CACHE_CONTROL, HeaderValue};
use runtime::Problem;
use runtime::http::{self, Request, Response};
use serde_json::json;
use settings::{ConfigError, Settings};

/// How long anybody may keep the list of services.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=900");

pub struct Pages {
    market: Market,
}

impl Pages {
    /// # Errors
    /// When the market's settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            market: settings.market(),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request))
    }

    /// Nothing is answered to TRACE, which would repeat a caller's token.
    fn answer(&self, request: &Request) -> Result<Response, Problem> {
        match (request.method(), http::raw_path(request)) {
            (&Method::TRACE, _) => Err(Problem::method_not_allowed()),
            (&Method::GET, "/v1/services") => self.services(request),
            _ => Err(Problem::not_found()),
        }
    }

    fn services(&self, request: &Request) -> Result<Response, Problem> {
        http::query(request, &[])?;
        let Market {
            catalogue,
            services,
            credit,
            ..
        } = &self.market;
        let items = json!({ "items": catalogue.views(*services, credit) });
        let mut answer = http::json_if_changed(request, &items);
        answer.headers_mut().insert(CACHE_CONTROL, FOR_A_WHILE);
        Ok(answer)
    }
}
