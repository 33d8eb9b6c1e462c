//! Changes of agencies and stores: one transaction each, conditional on the agency's version.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::agency::{Agency, AgencyStats, Decision, NotFromHere, Review, Standing, Store};
use domain::geo::Wgs84;
use domain::id::{AgencyId, StoreId};
use domain::time::Millis;

use super::item::{self, StoredStore, Waits};
use super::{Directory, Waiting};
use crate::Error;
use crate::key::{Attributes, Key};
use crate::transaction::{self, Also};

const CALL: &str = "TransactWriteItems";
/// How often a change is made anew that another one got in the way of.
const ROUNDS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(10);
/// Of the 100 writes that a transaction can have, those that are not stores'.
const BESIDE_STORES: usize = 2;

/// What registering an agency came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It waits for review now.
    New,
    /// The same request had registered it before; this is how it stands.
    Repeat(Box<Agency>),
    /// Another request has used the same key.
    KeyReused,
}

/// What a decision on an agency came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgencyDecided {
    /// It is decided; or it stood already, and nothing was written.
    Done(Box<Agency>, Vec<Store>),
    /// It cannot be decided from where it stands.
    NotFromHere(NotFromHere),
    /// Another agency was approved with its credit code.
    UsccTaken,
    /// There is no such agency.
    NotFound,
}

/// What adding a store came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAdded {
    /// It waits for review now.
    New,
    /// The same request had added it before; this is how it stands.
    Repeat(Box<Store>),
    /// Another request has used the same key.
    KeyReused,
    /// There is no such agency.
    NotFound,
}

/// What a decision on a store came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreDecided {
    /// It is decided; or it stood already, and nothing was written.
    Done(Box<Store>),
    /// It cannot be decided from where it stands.
    NotFromHere(NotFromHere),
    /// There is no such store.
    NotFound,
}

/// What a transaction came to.
enum Committed {
    Done,
    /// Write number so many had its condition fail, on this item.
    Refused(usize, Option<Attributes>),
    /// Somebody else was writing.
    Conflict,
}

impl Directory {
    /// Registers an agency with at most [`Directory::MOST_STORES`] stores. They wait for review with it, and
    /// not by themselves.
    ///
    /// # Errors
    /// When it was not written, or that is not known; registering again is harmless.
    pub async fn register(
        &self,
        agency: &Agency,
        stores: &[Store],
        body_hash: &[u8; 32],
        secret_hash: &[u8; 32],
    ) -> Result<Registered, Error> {
        let mut writes = vec![self.put_new(item::write_agency(agency, secret_hash, body_hash)?)?];
        for store in stores {
            let stored = StoredStore {
                store: store.clone(),
                body_hash: None,
                waits: Waits::default(),
            };
            writes.push(self.put(item::write_store(&agency.id, &stored)?)?);
        }
        for round in 0..ROUNDS {
            pause(round).await;
            match self.commit(writes.clone()).await? {
                Committed::Done => return Ok(Registered::New),
                Committed::Refused(0, Some(found)) => {
                    let found = item::read_agency(found)?;
                    return Ok(if found.body_hash == *body_hash {
                        Registered::Repeat(Box::new(found.agency))
                    } else {
                        Registered::KeyReused
                    });
                }
                Committed::Refused(..) | Committed::Conflict => {}
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// The authority's decision on an agency. At its approval the stores that wait are approved with it, and its
    /// credit code becomes its own.
    ///
    /// # Errors
    /// When it was not written, or that is not known; deciding again is harmless.
    pub async fn decide_agency(
        &self,
        agency: &AgencyId,
        review: &Review,
    ) -> Result<AgencyDecided, Error> {
        for round in 0..ROUNDS {
            pause(round).await;
            let Some((before, stores)) = self.stored_agency_with_stores(agency).await? else {
                return Ok(AgencyDecided::NotFound);
            };
            let before = before.agency;
            let mut plain: Vec<Store> = stores.iter().map(|stored| stored.store.clone()).collect();
            let after = match before.decided(review.clone()) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(AgencyDecided::Done(Box::new(before), plain)),
                Err(refusal) => return Ok(AgencyDecided::NotFromHere(refusal)),
            };
            let mut writes = vec![self.raise(&before, &after)?];
            if review.decision == Decision::Approve {
                writes.push(self.take_uscc(&after)?);
                let room = 100 - BESIDE_STORES;
                let waiting = stores.iter().enumerate().filter(|(_, stored)| {
                    stored.store.status == Standing::Pending && stored.store.proposed.is_some()
                });
                for (place, stored) in waiting.take(room) {
                    if let Ok(Some(store)) = stored.store.decided(review.clone()) {
                        plain[place] = store.clone();
                        let stored = StoredStore {
                            store,
                            waits: Waits::default(),
                            ..stored.clone()
                        };
                        writes.push(self.put(item::write_store(agency, &stored)?)?);
                    }
                }
            }
            match self.commit(writes).await? {
                Committed::Done => return Ok(AgencyDecided::Done(Box::new(after), plain)),
                Committed::Refused(1, _) => return Ok(AgencyDecided::UsccTaken),
                Committed::Refused(..) | Committed::Conflict => {}
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// Adds a store, which waits for review.
    ///
    /// # Errors
    /// When it was not written, or that is not known; adding it again is harmless.
    pub async fn add_store(
        &self,
        agency: &AgencyId,
        store: &Store,
        body_hash: &[u8; 32],
    ) -> Result<StoreAdded, Error> {
        let stored = StoredStore {
            store: store.clone(),
            body_hash: Some(*body_hash),
            waits: Waits::since(Waiting::Store, store.added_at),
        };
        let put = self.put_new(item::write_store(agency, &stored)?)?;
        let raise = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::agency(agency).attributes()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("ADD version :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        let raise = TransactWriteItem::builder().update(raise).build();
        for round in 0..ROUNDS {
            pause(round).await;
            match self.commit(vec![put.clone(), raise.clone()]).await? {
                Committed::Done => return Ok(StoreAdded::New),
                Committed::Refused(0, Some(found)) => {
                    let found = item::read_store(found)?;
                    return Ok(if found.body_hash == Some(*body_hash) {
                        StoreAdded::Repeat(Box::new(found.store))
                    } else {
                        StoreAdded::KeyReused
                    });
                }
                Committed::Refused(1, _) => return Ok(StoreAdded::NotFound),
                Committed::Refused(..) | Committed::Conflict => {}
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// Moves a store: the new location waits for review, the old one serves meanwhile. `None` when this agency
    /// has no such store.
    ///
    /// # Errors
    /// When it was not written, or that is not known; moving it again is harmless.
    pub async fn move_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        to: Wgs84,
        now: Millis,
    ) -> Result<Option<Store>, Error> {
        self.change_store(agency, store, now, |store| store.moved(to))
            .await
    }

    /// Changes a store; a change that leaves it as it was writes nothing. `None` when this agency has no such
    /// store.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn change_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        now: Millis,
        change: impl Fn(&Store) -> Store,
    ) -> Result<Option<Store>, Error> {
        let changed = self.commit_store(agency, store, now, |store| {
            let changed = change(store);
            Ok((changed != *store).then_some(changed))
        });
        Ok(match changed.await? {
            StoreDecided::Done(store) => Some(*store),
            StoreDecided::NotFromHere(_) | StoreDecided::NotFound => None,
        })
    }

    /// The authority's decision on a store.
    ///
    /// # Errors
    /// When it was not written, or that is not known; deciding again is harmless.
    pub async fn decide_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        review: &Review,
    ) -> Result<StoreDecided, Error> {
        self.commit_store(agency, store, review.at, |store| {
            store.decided(review.clone())
        })
        .await
    }

    async fn commit_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        now: Millis,
        change: impl Fn(&Store) -> Result<Option<Store>, NotFromHere>,
    ) -> Result<StoreDecided, Error> {
        for round in 0..ROUNDS {
            pause(round).await;
            // The agency first: a store read after it is at least as new, and the version tells if it is newer.
            let Some(before) = self.agency(agency).await? else {
                return Ok(StoreDecided::NotFound);
            };
            let Some(found) = self.get_item(Key::store(agency, store)).await? else {
                return Ok(StoreDecided::NotFound);
            };
            let stored = item::read_store(found)?;
            let changed = match change(&stored.store) {
                Ok(Some(changed)) => changed,
                Ok(None) => return Ok(StoreDecided::Done(Box::new(stored.store))),
                Err(refusal) => return Ok(StoreDecided::NotFromHere(refusal)),
            };
            let waits = match (changed.proposed == stored.store.proposed, changed.status) {
                (_, Standing::Approved | Standing::Rejected | Standing::Suspended) => {
                    Waits::default()
                }
                (true, Standing::Pending) if stored.store.status == Standing::Pending => {
                    stored.waits
                }
                (_, Standing::Pending) => Waits::since(Waiting::Store, now),
            };
            let stored = StoredStore {
                store: changed.clone(),
                waits,
                ..stored
            };
            let after = Agency {
                version: before.version + 1,
                ..before.clone()
            };
            let writes = vec![
                self.raise(&before, &after)?,
                self.put(item::write_store(agency, &stored)?)?,
            ];
            match self.commit(writes).await? {
                Committed::Done => return Ok(StoreDecided::Done(Box::new(changed))),
                Committed::Refused(..) | Committed::Conflict => {}
            }
        }
        Err(Error::Busy { call: CALL })
    }

    /// Counts, as part of a transaction, what an agency has done, if there is such an agency. That is no new version of
    /// it: nothing follows but what it scores.
    ///
    /// # Errors
    /// None that numbers can cause; building is fallible by its signature.
    pub fn also_count(&self, agency: &AgencyId, more: AgencyStats) -> Result<Also, Error> {
        let mut sets = Vec::new();
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::agency(agency).attributes()))
            .condition_expression("attribute_exists(pk)");
        for (name, count) in [
            ("stars_sum", more.stars_sum),
            ("stars_count", more.stars_count),
            ("completed", more.completed),
            ("abandoned", more.abandoned),
        ] {
            if count > 0 {
                sets.push(format!("stats.{name} = stats.{name} + :{name}"));
                let count = AttributeValue::N(count.to_string());
                update = update.expression_attribute_values(format!(":{name}"), count);
            }
        }
        let update = update
            .update_expression(format!("SET {}", sets.join(", ")))
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        Ok(Also(TransactWriteItem::builder().update(update).build()))
    }

    /// Takes an agency from one version to the next, with its standing and the review that led there. What it
    /// has done so far is not touched: it changes without a new version.
    fn raise(&self, before: &Agency, after: &Agency) -> Result<TransactWriteItem, Error> {
        let mut expression = "SET version = :after".to_owned();
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::agency(&after.id).attributes()))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", AttributeValue::N(before.version.to_string()))
            .expression_attribute_values(":after", AttributeValue::N(after.version.to_string()));
        if before.standing != after.standing {
            expression.push_str(", standing = :standing, reviews = :reviews REMOVE #wait, since");
            update = update
                .expression_attribute_names("#wait", "wait")
                .expression_attribute_values(
                    ":standing",
                    AttributeValue::S(after.standing.as_str().to_owned()),
                )
                .expression_attribute_values(
                    ":reviews",
                    serde_dynamo::to_attribute_value(&after.reviews)?,
                );
        }
        let update = update.update_expression(expression).build();
        let update = update.map_err(|error| Error::unbuildable(CALL, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Makes the credit code this agency's, if it is nobody's yet.
    fn take_uscc(&self, agency: &Agency) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(Key::uscc(agency.uscc.as_str()).attributes()))
            .item("agency", AttributeValue::S(agency.id.to_string()))
            .condition_expression("attribute_not_exists(pk) OR agency = :agency")
            .expression_attribute_values(":agency", AttributeValue::S(agency.id.to_string()))
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn put(&self, item: Attributes) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .build();
        let put = put.map_err(|error| Error::unbuildable(CALL, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn put_new(&self, item: Attributes) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| Error::unbuildable(CALL, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    async fn commit(&self, writes: Vec<TransactWriteItem>) -> Result<Committed, Error> {
        Ok(match transaction::commit(&self.client, writes).await? {
            transaction::Committed::Done => Committed::Done,
            transaction::Committed::Conflict => Committed::Conflict,
            transaction::Committed::Refused(refused) => match refused.into_iter().next() {
                Some((place, found)) => Committed::Refused(place, found),
                None => Committed::Conflict,
            },
        })
    }
}

async fn pause(round: u32) {
    if round > 0 {
        tokio::time::sleep(PAUSE * 2_u32.pow(round.min(6))).await;
    }
}
