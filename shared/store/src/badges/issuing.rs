//! Issuing a badge: its event, its item and its place in a status list, all or nothing.

use domain::badge::{Badge, StatusIndex};
use domain::chain::Actor;
use domain::time::Millis;

use super::{BadgeStep, Badges};
use crate::table::{Part, TRANSACT};
use crate::workers::{Appended, Step, WorkerFile, Workers};
use crate::{Directory, Error};

/// After so many places in a row that were taken the list is left for the next one. In a list that is half full it
/// happens to one badge in a thousand.
const CROWDED: u32 = 10;
/// After so many something else is wrong.
const MOST_DRAWS: u32 = 100;

/// What issuing a badge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued<R> {
    /// It is issued, now or by the same request before.
    Done(Box<Badge>),
    /// Another request has used the same key.
    KeyReused,
    /// The worker cannot have one.
    Refused(R),
    /// There is no such worker.
    NotFound,
}

/// A badge to be issued.
#[derive(Clone, Debug)]
pub struct NewBadge {
    /// As it is to be; its place is drawn here.
    pub badge: Badge,
    /// The hash of the request's body, which tells a repeat from another request.
    pub body_hash: [u8; 32],
    pub actor: Actor,
    /// In whose audit trail it stands.
    pub directory: Directory,
}

impl Badges {
    /// Issues a badge, without signature, if `decide` lets the worker have one. Its place in the list that is being
    /// filled is drawn by `draw`, and drawn again while another badge has it.
    ///
    /// # Errors
    /// When it was not written, or that is not known; issuing again is harmless. What `draw` fails with.
    pub async fn issue<R>(
        &self,
        workers: &Workers,
        new: NewBadge,
        now: Millis,
        mut draw: impl FnMut() -> Result<u32, Error>,
        mut decide: impl FnMut(&WorkerFile) -> Result<(), R>,
    ) -> Result<Issued<R>, Error> {
        let NewBadge {
            mut badge,
            body_hash,
            actor,
            directory,
        } = new;
        let mut list = self.filling_list().await?;
        for drawn in 1..=MOST_DRAWS {
            badge.index = StatusIndex::new(list, draw()?);
            let BadgeStep { event, with } = self.issued(&badge, &body_hash, actor.clone());
            let worker = &badge.worker;
            let appended = workers.change_by(&directory, &actor, worker, now, |file| {
                decide(file)?;
                Ok(Step {
                    events: vec![event.clone()],
                    with: with.clone(),
                    ..Step::default()
                })
            });
            match appended.await? {
                Appended::Done(_) | Appended::Repeat(_) => {
                    let found = self.get_issued(&badge.id).await?;
                    let (found, hash) =
                        found.ok_or(Error::wrong("a badge that was issued is not there"))?;
                    return Ok(if hash == body_hash {
                        Issued::Done(Box::new(found))
                    } else {
                        Issued::KeyReused
                    });
                }
                Appended::Refused(refusal) => return Ok(Issued::Refused(refusal)),
                Appended::NotFound => return Ok(Issued::NotFound),
                Appended::WithRefused(Part::BadgePlace) => {
                    if drawn % CROWDED == 0 {
                        self.leave_list(list).await?;
                        list = self.filling_list().await?;
                    }
                }
                Appended::WithRefused(_) => {
                    return Err(Error::wrong("a badge is there without its event"));
                }
            }
        }
        Err(Error::Busy { call: TRANSACT })
    }
}
