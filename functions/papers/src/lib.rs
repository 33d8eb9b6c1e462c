//! Takes the licence and permits of agencies, and hands them to those who look at them.
//!
//! Anybody can register and then bring files here, so this runs apart from the keys that make secrets, and from what decodes
//! images. A file is told by its first bytes, stored as it came, and handed out to be saved, never to be shown in place.
//!
//! The file is stored before the agency names it, so that no version names one that is not there. What no version names a day
//! later is deleted when the agency brings its next.

use std::time::Duration;

use domain::agency::{Agency, AgencyChange, Paper, PaperKind, PaperType};
use domain::chain::Hash;
use domain::id::AgencyId;
use domain::member::Right;
use domain::time::Millis;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{Method, StatusCode};
use objects::{PaperObjects, StoredPaper};
use runtime::http::{self, Query, Request, Response};
use runtime::{Caller, Fault, Problem, Verifier, secret};
use settings::{Clock, ConfigError, Settings};
use store::Directory;

/// In bytes: in base64 a Lambda's request and answer of 6 MB hold it.
const LARGEST: usize = 4 * 1024 * 1024;

/// How long it counts that an agency has brought a paper, and how long one is kept that nothing names: far longer than any
/// request takes.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How many papers that nothing names are deleted at once; the next request goes on.
const MOST_SWEPT: usize = 50;

pub struct PaperDesk {
    clock: Clock,
    verifier: Verifier,
    directory: Directory,
    objects: PaperObjects,
    /// How many papers an agency brings within [`DAY`].
    cap: usize,
}

impl PaperDesk {
    /// # Errors
    /// When a setting is missing or cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let cap = settings.market().daily_changes_cap;
        settings.finish(Self {
            clock: settings.clock(),
            verifier: Verifier::new(settings),
            directory: Directory::new(settings),
            objects: PaperObjects::new(settings),
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
        })
    }

    pub async fn handle(&self, request: Request) -> Response {
        http::respond(self.answer(&request).await)
    }

    async fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let path = http::path(request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["v1", "papers", kind] = path.as_slice() else {
            return Err(Problem::not_found());
        };
        match *request.method() {
            Method::PUT => self.put(request, kind).await,
            Method::GET => self.read(request, kind).await,
            _ => Err(Problem::not_found()),
        }
    }

    /// Takes effect, or is proposed, as any change of the agency.
    async fn put(&self, request: &Request, kind: &str) -> Result<Response, Problem> {
        let now = self.clock.now();
        let principal = self.verifier.authenticate(request, now)?;
        let by = principal.agency(Right::Agency)?;
        let kind = PaperKind::named(kind).ok_or_else(Problem::not_found)?;
        http::query(request, &[])?;
        let paper = read_paper(request, kind, now)?;
        let id = &by.team;
        let found = self.directory.agency_with_stores(id).await?;
        let (before, stores) = found.ok_or_else(Problem::not_found)?;
        let change = AgencyChange {
            papers: paper.clone().into(),
            ..AgencyChange::default()
        };
        if before.changed(change.clone(), now).is_none() {
            return Ok(http::json(StatusCode::OK, &before.view(&stores)));
        }
        self.make_room(&before, now).await?;
        let content = request.body().to_vec();
        self.objects.put(id, &paper, content).await?;
        let changed = self.directory.change_agency(by, &change, now).await?;
        let (agency, stores) = changed.ok_or_else(Problem::not_found)?;
        tracing::info!(agency.id = %id, kind = kind.as_str(), "a paper was stored");
        Ok(http::json(StatusCode::OK, &agency.view(&stores)))
    }

    /// Deletes what nothing names any more, and refuses whoever has brought enough within a day.
    async fn make_room(&self, agency: &Agency, now: Millis) -> Result<(), Problem> {
        let stored = self.objects.stored(&agency.id).await?;
        let (old, recent): (Vec<_>, Vec<_>) = stored
            .into_iter()
            .partition(|stored| stored.uploaded_at + DAY <= now);
        let is_kept = |stored: &StoredPaper| {
            let mut kept = agency.kept_papers();
            kept.any(|paper| stored.holds(&agency.id, paper))
        };
        let unnamed = old.iter().filter(|stored| !is_kept(stored));
        for stored in unnamed.take(MOST_SWEPT) {
            self.objects.delete(stored).await?;
        }
        let Some(in_the_way) = recent.len().checked_sub(self.cap) else {
            return Ok(());
        };
        let free_at = recent[in_the_way].uploaded_at + DAY;
        let wait_s = u32::try_from(free_at.since(now).as_secs() + 1).unwrap_or(u32::MAX);
        let words = format!("An agency brings at most {} papers a day.", self.cap);
        Err(Problem::rate_limited(wait_s).detail(words))
    }

    /// The one that serves, or the one with this hash.
    async fn read(&self, request: &Request, kind: &str) -> Result<Response, Problem> {
        let principal = self.verifier.authenticate(request, self.clock.now())?;
        let caller = principal.may(Right::Read)?;
        let kind = PaperKind::named(kind).ok_or_else(Problem::not_found)?;
        let query = http::query(request, &["agency_id", "sha256"])?;
        let sha256: Option<Hash> = query.parsed("sha256")?;
        let id = whose(caller, &query)?;
        let agency = self.directory.agency(&id).await?;
        let agency = agency.ok_or_else(Problem::not_found)?;
        let paper = match sha256 {
            None => agency.papers.get(kind),
            Some(sha256) => {
                let mut kept = agency.kept_papers();
                kept.find(|paper| (paper.kind, paper.sha256) == (kind, sha256))
            }
        };
        let paper = paper.ok_or_else(Problem::not_found)?;
        let content = self.objects.get(&id, paper).await?;
        let content = content.ok_or_else(Problem::not_found)?;
        if Hash(secret::sha256(&content)) != paper.sha256 {
            tracing::error!(agency.id = %id, sha256 = %paper.sha256, "a paper's content has not its hash");
            return Err(Problem::internal());
        }
        download(paper, content)
    }
}

/// Whose paper it is: an agency's own, or the one that the authority names.
fn whose(caller: &Caller, query: &Query) -> Result<AgencyId, Problem> {
    let given: Option<AgencyId> = query.parsed("agency_id")?;
    match (caller, given) {
        (Caller::Agency(by), None) => Ok(by.team.clone()),
        (Caller::Agency(by), Some(id)) if id == by.team => Ok(id),
        (Caller::Agency(_), Some(_)) => Err(Problem::not_found()),
        (Caller::Authority(_), Some(id)) => Ok(id),
        (Caller::Authority(_), None) => {
            Err(Problem::malformed().detail("agency_id must be given."))
        }
        (Caller::Customer(_) | Caller::Worker(_), _) => {
            Err(Problem::forbidden().detail("Only an agency or the authority can do this."))
        }
    }
}

/// The body as a paper. Its content decides what it is; the request's `Content-Type` only must not say that it is something else.
fn read_paper(request: &Request, kind: PaperKind, now: Millis) -> Result<Paper, Problem> {
    let claimed = http::header(request, CONTENT_TYPE).and_then(|value| value.split(';').next());
    let claimed = claimed.unwrap_or_default().trim().to_ascii_lowercase();
    let taken = ["application/pdf", "image/jpeg", "image/jpg", "image/png"];
    if !taken.contains(&claimed.as_str()) {
        return Err(Problem::unsupported_media_type()
            .detail("The body must be application/pdf, image/jpeg or image/png."));
    }
    let content: &[u8] = request.body();
    if content.len() > LARGEST {
        return Err(Problem::too_large().detail("The paper is larger than 4 MiB."));
    }
    let media_type = PaperType::of(content).ok_or_else(|| {
        Problem::invalid(vec![Fault {
            pointer: String::new(),
            detail: "must be a PDF document, or a JPEG or PNG image".to_owned(),
        }])
    })?;
    Ok(Paper {
        kind,
        sha256: Hash(secret::sha256(content)),
        media_type,
        bytes: content.len() as u64,
        uploaded_at: now,
    })
}

/// A file that came from anybody: to be saved, and if a browser opens it all the same, without a script and without our origin.
fn download(paper: &Paper, content: Vec<u8>) -> Result<Response, Problem> {
    let mut response = http::file(paper.media_type.media_type(), content)?;
    let (kind, extension) = (paper.kind.as_str(), paper.media_type.extension());
    let disposition = format!("attachment; filename=\"{kind}.{extension}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Problem::internal())?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_DISPOSITION, disposition);
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "private, no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
