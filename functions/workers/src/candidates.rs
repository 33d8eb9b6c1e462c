//! Whom an agency could send: all its workers for one visit, or those whom it looks for.
//!
//! Neither opens what an order keeps sealed: its time and its area are enough, and this function has no key to the rest.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::calendar::{Hindrance, Wanted, nearness};
use domain::catalogue::{Catalogue, Tag};
use domain::geo::{Datum, Location, Wgs84};
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::member::Right;
use domain::order::{Fit, Ineligible, Order, Status, fit, ineligible};
use domain::service::Service;
use domain::worker::{Profile, Worker};
use lambda_http::http::StatusCode;
use runtime::Problem;
use runtime::http::{self, Page, Request, Response};
use serde::Serialize;
use serde_json::json;

use crate::Desk;
use crate::summary::WorkerSummary;
use crate::time::moment;

/// The most candidates that are shown.
const MOST_CANDIDATES: usize = 100;
/// How long a time is in which somebody is looked for.
const LONGEST_SEARCH: Duration = Duration::from_secs(31 * 86_400);
/// How many workers' calendars are looked at before it is asked whether there are enough.
const CALENDARS_AT_ONCE: usize = 50;

#[derive(Serialize)]
struct CandidateAnswer {
    worker_id: WorkerId,
    name: String,
    eligible: bool,
    reasons: Vec<Ineligible>,
    fit: Fit,
}

/// What is looked for among an agency's workers.
struct Search {
    skill: Option<Service>,
    tag: Option<Tag>,
    free: Option<Wanted>,
    near: Option<Wgs84>,
}

impl Search {
    fn read(query: &http::Query, catalogue: &Catalogue) -> Result<Self, Problem> {
        let malformed = |words: String| Problem::malformed().detail(words);
        let skill = query.text("skill").map(str::parse::<Service>).transpose();
        let skill = skill.map_err(|fault| malformed(format!("skill: {fault}.")))?;
        let tag = query.text("tag").map(str::parse::<Tag>).transpose();
        let tag = tag.map_err(|fault| malformed(format!("tag: {fault}.")))?;
        if let Some(tag) = &tag {
            let known = catalogue.check_known(tag);
            known.map_err(|fault| malformed(format!("tag: {fault}.")))?;
        }
        let near = query.text("near").map(|text| {
            let words = "near must be latitude, longitude and datum, such as 45.77,126.63,gcj02.";
            place(text).ok_or_else(|| malformed(words.to_owned()))
        });
        let near = near.transpose()?;
        let free = match (moment(query, "free_from")?, moment(query, "free_until")?) {
            (Some(from), Some(until)) if from < until && until <= from + LONGEST_SEARCH => {
                Some(Wanted {
                    order: None,
                    service: skill,
                    from,
                    until,
                })
            }
            (None, None) if near.is_none() => None,
            _ => {
                let words = "free_from and free_until go together, the second after the first and within 31 days of it; near needs both, because how near a worker is depends on her visits of that day.";
                return Err(malformed(words.to_owned()));
            }
        };
        let search = Self {
            skill,
            tag,
            free,
            near,
        };
        Ok(search)
    }

    /// Whether she can do what is looked for.
    fn has_skill(&self, worker: &Worker) -> bool {
        let has_tag = |tag| worker.experience.iter().any(|one| one.tags.contains(tag));
        self.skill.is_none_or(|skill| worker.skills.contains(skill))
            && self.tag.as_ref().is_none_or(has_tag)
    }
}

fn place(text: &str) -> Option<Wgs84> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let [lat, lon, datum] = parts.as_slice() else {
        return None;
    };
    let datum = match *datum {
        "wgs84" => Datum::Wgs84,
        "gcj02" => Datum::Gcj02,
        _ => return None,
    };
    let (lat, lon) = (lat.parse().ok()?, lon.parse().ok()?);
    Location { lat, lon, datum }.to_wgs84().ok()
}

impl Desk {
    /// A page looks at as many workers as it may have, so one with few of those looked for is short.
    pub(crate) async fn list(&self, request: &Request) -> Result<Response, Problem> {
        let agency = self.calling_agency(request, Right::Read)?.team;
        let known = [
            "limit",
            "cursor",
            "skill",
            "tag",
            "free_from",
            "free_until",
            "near",
        ];
        let query = http::query(request, &known)?;
        let (limit, search) = (
            query.limit()?,
            Search::read(&query, &self.market.catalogue)?,
        );
        self.require_approved(&agency).await?;
        let records = self.workers.records();
        let page = records.of_agency(&agency, limit, query.cursor()).await?;
        let mut workers = page.items;
        workers.retain(|worker| search.has_skill(worker));
        let mut distances = BTreeMap::new();
        if let Some(wanted) = &search.free {
            workers.retain(Worker::may_work);
            let ids: Vec<WorkerId> = workers.iter().map(|worker| worker.id.clone()).collect();
            let travel = self.market.travel_time();
            let day = wanted.day(travel);
            let diaries = self
                .calendars
                .diaries(&self.orders, &ids, &agency, day)
                .await?;
            workers.retain(|worker| {
                let diary = diaries.get(&worker.id);
                let hindrance = diary.map(|diary| diary.hindrance(wanted, &agency, travel));
                hindrance.is_none_or(|hindrance| hindrance == Hindrance::default())
            });
            if let Some(near) = search.near {
                let nearest = diaries.iter().filter_map(|(id, diary)| {
                    Some((id.clone(), diary.nearest_visit_m(near, None)?))
                });
                distances.extend(nearest);
                workers
                    .sort_by_key(|worker| distances.get(&worker.id).copied().unwrap_or(u32::MAX));
            }
        }
        let names = self.names(&agency, workers.iter()).await?;
        let now = self.clock.now();
        let items = workers.into_iter().map(|worker| {
            let name = names.get(&worker.id).cloned();
            let nearest_visit_m = distances.get(&worker.id).copied();
            let worker = worker.shown_to_agency();
            WorkerSummary::new(worker, name, nearest_visit_m, &self.market.credit, now)
        });
        let page = Page {
            items: items.collect(),
            next_cursor: page.next,
        };
        Ok(http::json(StatusCode::OK, &page))
    }

    /// For the agency that has the claim, until the visit begins. Of those who pass the gate, calendars are read until a
    /// hundred are found who are free; then those who fit best come first.
    pub(crate) async fn candidates(
        &self,
        request: &Request,
        order: &str,
    ) -> Result<Response, Problem> {
        let agency = self.calling_agency(request, Right::Read)?.team;
        http::query(request, &[])?;
        let id: OrderId = order.parse().map_err(|_| Problem::not_found())?;
        let order = self.orders.get(&id).await?;
        let is_own = |order: &Order| order.claim().is_some_and(|claim| claim.agency == agency);
        let order = order.filter(is_own).ok_or_else(Problem::not_found)?;
        self.require_approved(&agency).await?;
        if !matches!(order.status(), Status::Claimed | Status::Staffed) {
            return Err(Problem::too_late());
        }
        let (market, now) = (&self.market, self.clock.now());
        let gate = |worker: &Worker, hindrance| ineligible(&order, worker, hindrance, market, now);
        let workers = self.workers.records().last_of_agency(&agency).await?;
        let workers = workers.into_iter().map(|worker| {
            let worker = worker.shown_to_agency();
            (gate(&worker, Hindrance::default()).len(), worker)
        });
        let mut workers: Vec<_> = workers.collect();
        workers.sort_by_key(|(against, _)| *against);

        let (wanted, travel) = (Wanted::from(&order), market.travel_time());
        let (mut found, mut eligible) = (Vec::new(), 0);
        for some in workers.chunks(CALENDARS_AT_ONCE) {
            let is_rest_refused = some.first().is_some_and(|(against, _)| *against > 0);
            if eligible >= MOST_CANDIDATES || (is_rest_refused && found.len() >= MOST_CANDIDATES) {
                break;
            }
            let ids: Vec<WorkerId> = some.iter().map(|(_, worker)| worker.id.clone()).collect();
            let day = wanted.day(travel);
            let diaries = self.calendars.diaries(&self.orders, &ids, &agency, day);
            let (diaries, stars) = (diaries.await?, self.workers.records().stars(&ids).await?);
            for (_, worker) in some {
                // Of somebody who is only proposed, it is not told when she can work.
                let diary = diaries.get(&worker.id).filter(|_| worker.was_approved());
                let diary = diary.cloned().unwrap_or_default();
                let reasons = gate(worker, diary.hindrance(&wanted, &agency, travel));
                eligible += usize::from(reasons.is_empty());
                let stars = stars.get(&worker.id).copied().unwrap_or_default();
                let fit = fit(&order, worker, stars, nearness(&diary, &order));
                found.push((worker, reasons, fit));
            }
        }
        found.sort_by_key(|(_, reasons, fit)| (reasons.len(), Reverse(*fit)));
        found.truncate(MOST_CANDIDATES);
        let shown = found.iter().map(|(worker, ..)| *worker);
        let names = self.names(&agency, shown).await?;
        let items = found
            .into_iter()
            .map(|(worker, reasons, fit)| CandidateAnswer {
                worker_id: worker.id.clone(),
                name: names.get(&worker.id).unwrap_or(&worker.masked_name).clone(),
                eligible: reasons.is_empty(),
                reasons,
                fit,
            });
        let answer = json!({ "items": items.collect::<Vec<_>>() });
        Ok(http::json(StatusCode::OK, &answer))
    }

    /// What an agency's own people are called. Of somebody whom it wants to employ, it is told what it has given itself.
    async fn names<'a>(
        &self,
        agency: &AgencyId,
        workers: impl Iterator<Item = &'a Worker>,
    ) -> Result<BTreeMap<WorkerId, String>, Problem> {
        let ids: Vec<WorkerId> = workers.map(|worker| worker.id.clone()).collect();
        let profiles = self.workers.profiles(&ids).await?.into_iter();
        let name = |profile: Profile| {
            let mut wishes = profile.proposals.into_iter();
            let own = wishes.find(|wish| wish.agency == *agency && wish.consent.is_some());
            own.and_then(|own| own.changes.name).unwrap_or(profile.name)
        };
        Ok(profiles.map(|(id, profile)| (id, name(profile))).collect())
    }
}
