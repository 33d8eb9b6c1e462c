//! Complaints: made by a visit's customer, answered by its agency, decided by the authority.
//!
//! Making one, answering and deciding are each one write on a condition. A decision that upholds one is a transaction: it is also
//! counted for the agency and, if somebody came, an event in her chain, without the customer's words.

use domain::agency::AgencyStats;
use domain::chain::{Actor, EventKind};
use domain::complaint::{Answer, Complaint, ComplaintStatus, NoComplaint, Ruling, Verdict};
use domain::id::{AgencyId, AuthorityId, ComplaintId, CustomerId, EventId, OrderId};
use domain::member::{Deed, MemberOf, Right, TeamId};
use domain::service::Service;
use domain::time::Millis;
use lambda_http::http::StatusCode;
use runtime::http::{self, JsonBody, Page, Request, Response};
use runtime::{Caller, Principal, Problem, secret};
use serde::Serialize;
use serde_json::json;
use store::{Appended, ComplaintsOf, KeptComplaint, Member, NewEvent, Step};

use crate::Visits;

/// In characters.
const LONGEST_TEXT: usize = 1_000;

/// A complaint, and which visit it is about.
#[derive(Serialize)]
struct ComplaintView {
    #[serde(flatten)]
    complaint: Complaint,
    agency_name: String,
    service: Service,
    start_at: String,
}

impl Visits {
    pub(crate) async fn complain(
        &self,
        request: &Request,
        customer: &CustomerId,
        id: &OrderId,
        now: Millis,
    ) -> Result<Response, Problem> {
        let key = http::idempotency_key(request)?;
        let body = JsonBody::from_request(request)?;
        let said = body.read(|fields| {
            let about = fields.one_of("about");
            let detail = fields.text("detail", 1..=LONGEST_TEXT);
            Some((about?, detail?))
        })?;
        let (made_by, caller) = (made_by(key, &body), Caller::Customer(customer.clone()));
        let found = self.orders.before_complaint(id, customer, &self.seal, now);
        let found = found.await?;
        let order = found.order.filter(|order| order.customer == *customer);
        let order = order.ok_or_else(Problem::not_found)?;
        if let Some(kept) = found.complaint {
            return if kept.made_by == made_by {
                self.shown(StatusCode::CREATED, kept.complaint, &caller)
                    .await
            } else if kept.made_by[..16] == made_by[..16] {
                Err(Problem::idempotency_key_reused())
            } else {
                Err(Problem::complained_already())
            };
        }
        if found.is_to_be_erased {
            return Err(Problem::erasure_pending());
        }
        let complaint = Complaint::of(&order, said, &self.market, now).map_err(refused)?;
        let ended_at = order.ended_at().ok_or_else(Problem::internal)?;
        let new = KeptComplaint { complaint, made_by };
        let kept = self.orders.complain(&new, customer, ended_at, &self.seal);
        if !kept.await? {
            // Another request was faster; this one, sent again, finds what that has made.
            return Err(Problem::unavailable());
        }
        tracing::info!(order.id = %id, "a complaint was made");
        self.shown(StatusCode::CREATED, new.complaint, &caller)
            .await
    }

    pub(crate) async fn complaints(
        &self,
        request: &Request,
        principal: &Principal,
        now: Millis,
    ) -> Result<Response, Problem> {
        let query = http::query(request, &["limit", "cursor", "status", "order_id"])?;
        let status: Option<ComplaintStatus> = query.parsed("status")?;
        let caller = principal.may(Right::Read)?;
        let list = match caller {
            Caller::Customer(customer) => ComplaintsOf::Customer(customer),
            Caller::Agency(by) => ComplaintsOf::Agency(&by.team),
            Caller::Authority(_) if status.is_some_and(ComplaintStatus::is_decided) => {
                ComplaintsOf::Decided
            }
            Caller::Authority(_) => ComplaintsOf::Undecided,
            Caller::Worker(_) => return Err(Problem::forbidden()),
        };
        let (limit, cursor) = (query.limit()?, query.cursor());
        let (mut found, next_cursor) = match query.parsed::<OrderId>("order_id")? {
            Some(order) => {
                let kept = self.orders.complaint(&order, &self.seal, now).await?;
                (kept.map(|kept| kept.complaint).into_iter().collect(), None)
            }
            None => {
                let page = self.orders.complaints(list, limit, cursor, &self.seal, now);
                let page = page.await?;
                (page.items, page.next)
            }
        };
        found.retain(|found| status.is_none_or(|status| found.status == status));
        let items = self.views(found, caller).await?;
        Ok(http::json_if_changed(request, &Page { items, next_cursor }))
    }

    /// Of these complaints, those that the caller may see, as they are shown.
    async fn views(
        &self,
        complaints: Vec<Complaint>,
        caller: &Caller,
    ) -> Result<Vec<ComplaintView>, Problem> {
        let orders: Vec<OrderId> = complaints.iter().map(|it| it.order_id.clone()).collect();
        let mut agencies: Vec<AgencyId> =
            complaints.iter().map(|it| it.agency_id.clone()).collect();
        agencies.sort_unstable();
        agencies.dedup();
        let (orders, agencies) = tokio::try_join!(
            self.orders.get_many(&orders),
            self.directory.agencies(&agencies)
        )?;
        let mut views = Vec::new();
        for mut complaint in complaints {
            let order = orders.iter().find(|order| order.id == complaint.order_id);
            let agency = agencies.iter().find(|it| it.id == complaint.agency_id);
            // Neither goes away.
            let (order, agency) = order.zip(agency).ok_or_else(Problem::internal)?;
            let may_see = match caller {
                Caller::Customer(customer) => order.customer == *customer,
                Caller::Agency(by) => complaint.agency_id == by.team,
                Caller::Authority(_) => true,
                Caller::Worker(_) => false,
            };
            if !may_see {
                continue;
            }
            if !matches!(caller, Caller::Authority(_)) {
                complaint.worker_id = None;
            }
            views.push(ComplaintView {
                agency_name: agency.name.clone(),
                service: order.service,
                start_at: order.start_at.to_rfc3339(),
                complaint,
            });
        }
        Ok(views)
    }

    async fn shown(
        &self,
        status: StatusCode,
        complaint: Complaint,
        caller: &Caller,
    ) -> Result<Response, Problem> {
        let view = self.views(vec![complaint], caller).await?;
        Ok(http::json(
            status,
            view.first().ok_or_else(Problem::not_found)?,
        ))
    }

    pub(crate) async fn answer_complaint(
        &self,
        request: &Request,
        principal: &Principal,
        id: &str,
        now: Millis,
    ) -> Result<Response, Problem> {
        let by = principal.agency(Right::Orders)?;
        let text = http::read_json(request, |fields| fields.text("text", 1..=LONGEST_TEXT))?;
        let mut kept = self.complaint(id, now).await?;
        if kept.complaint.agency_id != by.team {
            return Err(Problem::not_found());
        }
        if kept.complaint.awaits_answer(now) {
            let before = kept.complaint.status;
            let (order, text) = (kept.complaint.order_id.clone(), text.clone());
            kept.complaint.take_answer(Answer { text, at: now });
            let write = self.orders.complaint_changed(&kept, before, &self.seal)?;
            let deed = self.deed(by, "complaint_answered", &kept.complaint, now);
            if !self
                .orders
                .commit_complaint(&order, vec![write, deed])
                .await?
            {
                return Err(Problem::unavailable());
            }
            tracing::info!(order.id = %order, agency.id = %by.team, "a complaint was answered");
        }
        match &kept.complaint.answer {
            Some(answer) if answer.text == text => {
                let caller = Caller::Agency(by.clone());
                self.shown(StatusCode::OK, kept.complaint, &caller).await
            }
            Some(_) => Err(Problem::answered_already()),
            None => Err(Problem::too_late().detail("The time to answer this complaint is over.")),
        }
    }

    pub(crate) async fn decide_complaint(
        &self,
        request: &Request,
        principal: &Principal,
        id: &str,
        now: Millis,
    ) -> Result<Response, Problem> {
        let by = principal.authority(Right::Review)?;
        let (decision, reason) = http::read_json(request, |fields| {
            let decision = fields.one_of::<Verdict>("decision");
            let reason = fields.text("reason", 1..=LONGEST_TEXT);
            Some((decision?, reason?))
        })?;
        let mut kept = self.complaint(id, now).await?;
        if kept.complaint.awaits_answer(now) {
            return Err(Problem::answer_pending());
        }
        if kept.complaint.decision.is_none() {
            let (before, at) = (kept.complaint.status, now);
            kept.complaint.take_ruling(Ruling {
                decision,
                reason: reason.clone(),
                at,
            });
            let write = self.orders.complaint_changed(&kept, before, &self.seal)?;
            let deed = self.deed(by, "complaint_decided", &kept.complaint, now);
            let writes = vec![write, deed];
            let is_decided = match decision {
                Verdict::Upheld => self.uphold(&kept.complaint, writes, by, now).await?,
                Verdict::Dismissed => {
                    let order = &kept.complaint.order_id;
                    self.orders.commit_complaint(order, writes).await?
                }
            };
            if !is_decided {
                return Err(Problem::unavailable());
            }
            tracing::info!(order.id = %kept.complaint.order_id, authority.id = %by.team, "a complaint was decided");
        }
        match &kept.complaint.decision {
            Some(kept) if (kept.decision, &kept.reason) != (decision, &reason) => {
                Err(Problem::decided_already())
            }
            _ => {
                let caller = Caller::Authority(by.clone());
                self.shown(StatusCode::OK, kept.complaint, &caller).await
            }
        }
    }

    /// Writes, with the decision, what it counts for the agency, and the event in the chain of who came, unless her data is
    /// erased. `false` when the complaint has changed meanwhile.
    async fn uphold(
        &self,
        complaint: &Complaint,
        mut with: Vec<Member>,
        by: &MemberOf<AuthorityId>,
        now: Millis,
    ) -> Result<bool, Problem> {
        let upheld = AgencyStats {
            upheld: 1,
            ..AgencyStats::default()
        };
        with.push(self.directory.count(&complaint.agency_id, upheld));
        let id = complaint.complaint_id.as_str();
        let event = NewEvent {
            id: EventId::from_cause(EventKind::Complaint.as_str(), &[id]),
            kind: EventKind::Complaint,
            actor: Actor::from(by),
            payload: json!({
                "complaint_id": complaint.complaint_id,
                "order_id": complaint.order_id,
                "about": complaint.about,
                "reason": complaint.decision.as_ref().map(|ruling| &ruling.reason),
            }),
        };
        if let Some(worker) = &complaint.worker_id {
            let changed = self.workers.change(worker, now, |file| {
                if file.worker.is_erased {
                    return Err(());
                }
                Ok(Step {
                    events: vec![event.clone()],
                    with: with.clone(),
                    ..Step::default()
                })
            });
            match changed.await? {
                Appended::Done(_) => return Ok(true),
                Appended::Repeat(_) | Appended::WithRefused(_) => return Ok(false),
                Appended::Refused(()) | Appended::NotFound => {}
            }
        }
        let order = &complaint.order_id;
        Ok(self.orders.commit_complaint(order, with).await?)
    }

    /// The line of the audit trail.
    fn deed<T: Clone + Into<TeamId>>(
        &self,
        by: &MemberOf<T>,
        what: &str,
        complaint: &Complaint,
        now: Millis,
    ) -> Member {
        let id = &complaint.complaint_id;
        let deed = Deed::new(now, &by.member, what, id);
        self.directory
            .deed(&by.team_id(), &deed, &format!("{id}#{what}"))
    }

    async fn complaint(&self, id: &str, now: Millis) -> Result<KeptComplaint, Problem> {
        let id: ComplaintId = id.parse().map_err(|_| Problem::not_found())?;
        let found = self.orders.complaint(&id.order(), &self.seal, now).await?;
        found.ok_or_else(Problem::not_found)
    }
}

/// By what a request is known again: hashes of its key and of its body.
fn made_by(key: &str, body: &JsonBody) -> [u8; 32] {
    let (mut made_by, body) = (secret::sha256(key.as_bytes()), body.hash());
    made_by[16..].copy_from_slice(&body[..16]);
    made_by
}

fn refused(why: NoComplaint) -> Problem {
    match why {
        NoComplaint::NotOver => Problem::not_over(),
        NoComplaint::NoClaim => Problem::no_claim(),
        NoComplaint::TooLate => {
            Problem::too_late().detail("The time to complain of this order is over.")
        }
    }
}
