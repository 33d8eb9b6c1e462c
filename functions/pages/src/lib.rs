//! What anybody may read and takes nothing but settings: the pages, the services that can be ordered, WeChat's check file. And
//! whatever no function has a route for: the gateway sends it here, where there is nothing to steal.
//!
//! The pages are in `web/`, and what they share with the mini-program is in `miniprogram/logic/`: plain JavaScript, which is
//! served as it lies there ([`files`]). They call the API as anybody could.

mod files;

use domain::market::Market;
use lambda_http::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use lambda_http::http::{Method, StatusCode};
use runtime::Problem;
use runtime::accept::prefers_json;
use runtime::http::{self, Request, Response};
use serde_json::json;
use settings::{ConfigError, Settings};

use files::{File, zipped};

/// How long anybody may keep the list of services.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=900");

pub struct Pages {
    market: Market,
    /// The path and the content of the file by which WeChat sees that the host is ours.
    check_file: Option<(String, String)>,
}

impl Pages {
    /// # Errors
    /// When the market's settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let name = settings.optional("WECHAT_CHECK_FILE");
        let text = settings.optional("WECHAT_CHECK_TEXT");
        settings.finish(Self {
            market: settings.market(),
            check_file: name
                .zip(text)
                .map(|(name, text)| (format!("/{name}"), text.to_owned())),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        match self.answer(&request) {
            Ok(Some(answer)) => answer,
            Ok(None) if wants_page(&request) => not_found(&request),
            Ok(None) => Problem::not_found().into_response(),
            Err(problem) => problem.into_response(),
        }
    }

    /// `None` where there is nothing. TRACE would repeat a caller's token.
    fn answer(&self, request: &Request) -> Result<Option<Response>, Problem> {
        let path = http::raw_path(request);
        match *request.method() {
            Method::TRACE => return Err(Problem::method_not_allowed()),
            Method::GET => {}
            _ => return Ok(None),
        }
        if path == "/v1/services" {
            return self.services(request).map(Some);
        }
        if let Some((_, text)) = self.check_file.as_ref().filter(|(file, _)| file == path) {
            let mut answer = Response::new(text.as_str().into());
            let plain = HeaderValue::from_static("text/plain");
            answer.headers_mut().insert(CONTENT_TYPE, plain);
            return Ok(Some(answer));
        }
        Ok(File::at(path).map(|file| file.answer(request)))
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
        Ok(zipped(request, answer))
    }
}

/// Whether a person's browser asks: it names HTML, which programs do not.
fn wants_page(request: &Request) -> bool {
    let accept = http::header(request, ACCEPT).unwrap_or_default();
    *request.method() == Method::GET && accept.contains("text/html") && !prefers_json(accept)
}

fn not_found(request: &Request) -> Response {
    let Some(page) = File::not_found() else {
        return Problem::not_found().into_response();
    };
    // As a whole, whatever the caller has seen before: nothing is to be kept of it.
    let mut anew = request.clone();
    anew.headers_mut().remove(IF_NONE_MATCH);
    let mut answer = page.answer(&anew);
    answer.headers_mut().remove(ETAG);
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}
