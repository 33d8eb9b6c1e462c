//! What anyone sees who scans a badge: whether it is ours, whether it is valid, and the worker's standing in one word.
//!
//! A token or a phone's code is verified before anything is read. All that fails there gets the same answer to the
//! byte, without a read and without a message: a forger learns nothing, and costs nothing. Then the badge is read,
//! after it its worker and her agency together, and the answer is made of the three. Every such scan goes to the scan
//! queue, but the answer does not wait long for a queue that is slow.
//!
//! - [`answer`]: what is told, as JSON has it.
//! - [`page`]: the same as one HTML document without a script.
//! - [`keys`]: the public keys for those who verify offline.

mod answer;
mod keys;
mod page;

use std::time::Duration;

use badge::{BadgeFields, Checker, Presented};
use bus::ScanQueue;
use domain::agency::Agency;
use domain::badge::Badge;
use domain::geo::RoughPlace;
use domain::id::{BadgeId, WorkerId};
use domain::market::Market;
use domain::scan::{Scan, ScanResult, ScannedBy, live};
use domain::time::Millis;
use domain::worker::Worker;
use html::Language;
use html::headers::PRIVATE;
use lambda_http::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use lambda_http::http::{Method, StatusCode};
use runtime::accept::{prefers_english, prefers_json};
use runtime::http::{self, Request, Response};
use runtime::problem::chain;
use runtime::{Problem, Scanners};
use settings::{Clock, ConfigError, Settings};
use store::{Badges, Directory, WorkerRecords};

use answer::Answer;
use page::{Pages, with_headers};

/// How long an answer waits for the scan queue.
const QUEUE_WAIT: Duration = Duration::from_millis(1_500);
/// Verifiers may keep the keys as long as a status list.
const KEYS_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=900");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain");

pub struct BadgeVerify {
    clock: Clock,
    checker: Checker,
    jwks: String,
    badges: Badges,
    workers: WorkerRecords,
    directory: Directory,
    scans: ScanQueue,
    scanners: Scanners,
    market: Market,
    pages: Pages,
    keeps_viewer_place: bool,
    /// The name and the content of the file by which WeChat sees that the host is ours.
    check_file: Option<(String, String)>,
}

/// A badge as the tables have it.
struct StoredBadge {
    badge: Badge,
    worker: Option<Worker>,
    agency: Option<Agency>,
}

impl BadgeVerify {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let checker = Checker::new(settings);
        let text = |name| settings.optional(name).map(str::to_owned);
        settings.finish(Self {
            clock: settings.clock(),
            jwks: settings.parsed("STATUS_PUBLIC_KEYS", |keys| {
                keys::published(checker.verifier(), keys)
            }),
            checker,
            badges: Badges::new(settings),
            workers: WorkerRecords::new(settings),
            directory: Directory::new(settings),
            scans: ScanQueue::new(settings),
            scanners: Scanners::new(settings),
            market: settings.market(),
            pages: Pages::new(&settings.text("BADGE_HOST")),
            keeps_viewer_place: settings.optional("VIEWER_PLACE") == Some("yes"),
            check_file: text("WECHAT_CHECK_FILE").zip(text("WECHAT_CHECK_TEXT")),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        let path = http::raw_path(&request);
        if request.method() != Method::GET {
            return Problem::not_found().into_response();
        }
        if let Some(text) = self.check_file(path) {
            let mut response = Response::new(text.to_owned().into());
            response.headers_mut().insert(CONTENT_TYPE, PLAIN);
            return response;
        }
        let now = self.clock.now();
        // The path is not decoded: digits in percent-encoding are not from a link of ours.
        if let Some(digits) = path.strip_prefix("/b/") {
            let presented = self.checker.token(digits, now);
            return self.show(&request, presented, now).await;
        }
        if let Some(digits) = path.strip_prefix("/p/") {
            let presented = self.checker.code(digits, now);
            return self.show(&request, presented, now).await;
        }
        match path {
            "/.well-known/jwks.json" => self.give_keys(),
            _ => Problem::not_found().into_response(),
        }
    }

    /// WeChat looks for its file where the badges' links are, too.
    fn check_file(&self, path: &str) -> Option<&str> {
        let (name, text) = self.check_file.as_ref()?;
        let file = path.strip_prefix("/b/")?;
        (file == name).then_some(text.as_str())
    }

    /// The badge page, or JSON for programs; also when something of ours fails.
    async fn show(&self, request: &Request, presented: Presented, now: Millis) -> Response {
        let wants_json = prefers_json(http::header(request, ACCEPT).unwrap_or_default());
        let languages = http::languages(request);
        let language = if prefers_english(languages) {
            Language::English
        } else {
            Language::Chinese
        };
        match self.answer(request, &presented, now).await {
            Ok(answer) if wants_json => with_headers(http::json(StatusCode::OK, &answer), PRIVATE),
            Ok(answer) => self.pages.verdict(&answer, language),
            Err(problem) if wants_json => problem.into_response(),
            Err(problem) => self.pages.unavailable(problem, language),
        }
    }

    async fn answer(
        &self,
        request: &Request,
        presented: &Presented,
        now: Millis,
    ) -> Result<Answer, Problem> {
        let Some(badge) = presented.badge() else {
            return Ok(Answer::not_genuine());
        };
        let (answer, worker_id) = match presented {
            Presented::NotGenuine => return Ok(Answer::not_genuine()),
            Presented::Expired(_) => (Answer::expired(now), None),
            Presented::Printed(fields) => self.live(badge, Some(fields), now).await?,
            Presented::OnPhone(_) => self.live(badge, None, now).await?,
        };
        if http::is_head(request) {
            // Nobody has looked: link previews ask so, from wherever their servers are.
            return Ok(answer);
        }
        let scan = Scan {
            badge_id: badge.clone(),
            worker_id,
            at: now,
            by: ScannedBy::Public,
            who: self.scanners.anyone(request),
            result: answer.result,
            order_id: None,
            place: self.place(request),
        };
        self.send(scan).await;
        Ok(answer)
    }

    /// What a badge with a good signature is worth now, and whose it is.
    async fn live(
        &self,
        id: &BadgeId,
        printed: Option<&BadgeFields>,
        now: Millis,
    ) -> Result<(Answer, Option<WorkerId>), Problem> {
        let Some(found) = self.find(id).await? else {
            // Signed with our key but never issued: somebody else has the key, or the table lost an item.
            tracing::error!(badge.id = %id, "a badge with a good signature is not in the table");
            return Ok((Answer::not_genuine(), None));
        };
        let badge = &found.badge;
        let says_the_same = printed.is_none_or(|printed| {
            printed.index == badge.index.0 && printed.expires_day == badge.expires_day
        });
        if !says_the_same {
            tracing::error!(badge.id = %id, "a badge with a good signature says something else than was issued");
            return Ok((Answer::not_genuine(), None));
        }
        let standing = found.agency.as_ref().map(|agency| agency.standing);
        // Of somebody registered anew since, nothing is shown by a badge of before.
        let worker = found.worker.as_ref();
        let worker = worker.filter(|worker| worker.was_registered(badge.issued_at));
        let result = live(badge, worker, standing, now);
        let answer = match (result, worker) {
            (ScanResult::Genuine, Some(worker)) => {
                Answer::genuine(worker, found.agency.as_ref(), &self.market.credit, now)
            }
            (ScanResult::Expired, _) => Answer::expired(now),
            (result, worker) => Answer::of_no_use(result, worker, found.agency.as_ref(), now),
        };
        Ok((answer, Some(found.badge.worker)))
    }

    /// Reads the badge first, then its worker and her agency at the same time, all consistently.
    async fn find(&self, id: &BadgeId) -> Result<Option<StoredBadge>, Problem> {
        let Some(badge) = self.badges.get(id).await? else {
            return Ok(None);
        };
        let (worker, agency) = tokio::join!(
            self.workers.get(&badge.worker),
            self.directory.agency(&badge.agency)
        );
        Ok(Some(StoredBadge {
            worker: worker?,
            agency: agency?,
            badge,
        }))
    }

    /// Logs a failure and goes on: people get their answer even if the scan queue does not work.
    async fn send(&self, scan: Scan) {
        let badge = scan.badge_id.clone();
        match tokio::time::timeout(QUEUE_WAIT, self.scans.send(scan)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(badge.id = %badge, error = chain(&error), "a scan could not be sent to the log")
            }
            Err(_) => {
                tracing::error!(badge.id = %badge, "a scan may be missing in the log: the queue was too slow")
            }
        }
    }

    /// Where the scanner is, as CloudFront finds it by the address, if the city wants that kept. Past CloudFront anybody can
    /// send such headers.
    fn place(&self, request: &Request) -> Option<RoughPlace> {
        if !(self.keeps_viewer_place && http::came_through_cloudfront(request)) {
            return None;
        }
        let degrees = |name| http::header(request, name).and_then(|text| text.parse::<f64>().ok());
        let lat = degrees("cloudfront-viewer-latitude")?;
        RoughPlace::of_address(lat, degrees("cloudfront-viewer-longitude")?)
    }

    fn give_keys(&self) -> Response {
        let mut response = Response::new(self.jwks.clone().into());
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/jwk-set+json"),
        );
        headers.insert(CACHE_CONTROL, KEYS_KEPT);
        response
    }
}
