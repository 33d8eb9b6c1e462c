//! Changes of agencies and stores: one transaction each, conditional on the agency's version.

use domain::agency::{
    Agency, AgencyChange, AgencyStats, NotDecided, Review, Standing, Store, StoreChange,
};
use domain::availability::Span;
use domain::check::Uscc;
use domain::id::{AgencyId, MemberId, StoreId};
use domain::member::{Credential, Deed, MemberOf, Team, TeamId};
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::item::{self, StoredStore, Waits};
use super::{Directory, Waiting};
use crate::Error;
use crate::table::{Committed, Key, Member, Part, Rivals, TRANSACT, Tries, commit, read};

/// Whose a credit code is.
#[derive(Serialize, Deserialize)]
struct UsccItem {
    agency: AgencyId,
}

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
    /// It cannot be decided so.
    NotDecided(NotDecided),
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
    /// [`Directory::MOST_WAITING_STORES`] of this agency wait.
    TooMany,
    /// It has [`Directory::MOST_STORES`].
    Full,
    /// There is no such agency.
    NotFound,
}

/// What a decision on a store, or a change of it, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreDecided {
    /// It is so now; or it was already, and nothing was written.
    Done(Box<Store>),
    /// It cannot be.
    NotDecided(NotDecided),
    /// There is no such store.
    NotFound,
}

impl Directory {
    /// Registers an agency, how it logs in, and at most [`Directory::MOST_WAITING_STORES`] stores, which wait for review with it
    /// and not by themselves.
    pub async fn register(
        &self,
        agency: &Agency,
        stores: &[Store],
        body_hash: &[u8; 32],
        credential: &Credential,
    ) -> Result<Registered, Error> {
        let put = self.table.put(item::write_agency(agency, body_hash));
        let team = TeamId::Agency(agency.id.clone());
        let team = Team::new(team, 1, Vec::new(), vec![credential.clone()]);
        let mut members = vec![
            put.if_absent().named(Part::Agency),
            self.put_team(&team).named(Part::Team),
        ];
        for store in stores {
            let stored = StoredStore {
                store: store.clone(),
                body_hash: None,
                waits: Waits::default(),
            };
            members.push(self.put_store(&agency.id, &stored));
        }
        let mut tries = Tries::new(TRANSACT, Rivals::Few, agency.id.as_str());
        loop {
            tries.next().await?;
            match commit(members.clone()).await? {
                Committed::Done => return Ok(Registered::New),
                Committed::Conflict => {}
                Committed::Refused(refused) => {
                    // No other write has a condition.
                    if let Some(found) = refused.into_iter().find_map(|refused| refused.item) {
                        let found = item::read_agency(found)?;
                        return Ok(if found.body_hash == *body_hash {
                            Registered::Repeat(Box::new(found.agency))
                        } else {
                            Registered::KeyReused
                        });
                    }
                }
            }
        }
    }

    /// The authority's decision on an agency. At its approval the stores that wait are approved with it, and its
    /// credit code becomes its own.
    pub async fn decide_agency(
        &self,
        agency: &AgencyId,
        review: &Review,
        by: &MemberId,
    ) -> Result<AgencyDecided, Error> {
        let mut tries = Tries::new(TRANSACT, Rivals::Few, agency.as_str());
        loop {
            tries.next().await?;
            let Some((before, stores)) = self.stored_agency_with_stores(agency).await? else {
                return Ok(AgencyDecided::NotFound);
            };
            let before = before.agency;
            let mut plain: Vec<Store> = stores.iter().map(|stored| stored.store.clone()).collect();
            let after = match before.decided(review.clone()) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(AgencyDecided::Done(Box::new(before), plain)),
                Err(refusal) => return Ok(AgencyDecided::NotDecided(refusal)),
            };
            let deed = Deed::new(review.at, by, "agency_reviewed", agency);
            let authority = TeamId::Authority(review.by.clone());
            let mut members = vec![
                self.raise(&before, &after),
                self.deed_on(&authority, &deed, &after),
            ];
            let works_from_now_on = after.standing == Standing::Approved
                && matches!(before.standing, Standing::Pending | Standing::Rejected);
            if works_from_now_on {
                members.push(self.take_uscc(&after));
                let waiting = stores.iter().enumerate().filter(|(_, stored)| {
                    stored.store.waits() && !stored.store.proposed.is_empty()
                });
                for (place, stored) in waiting {
                    // They were shown with the agency.
                    let review = Review {
                        version: Some(stored.store.review_version),
                        ..review.clone()
                    };
                    if let Ok(Some(store)) = stored.store.decided(review) {
                        plain[place] = store.clone();
                        let stored = StoredStore {
                            store,
                            waits: Waits::default(),
                            ..stored.clone()
                        };
                        members.push(self.put_store(agency, &stored));
                    }
                }
            }
            match commit(members).await? {
                Committed::Done => return Ok(AgencyDecided::Done(Box::new(after), plain)),
                // Unless the agency has changed meanwhile.
                Committed::Refused(refused) if refused[0].part == Part::Uscc => {
                    return Ok(AgencyDecided::UsccTaken);
                }
                Committed::Refused(_) | Committed::Conflict => {}
            }
        }
    }

    /// Changes an agency, or proposes that change. `None` when there is no such agency.
    pub async fn change_agency(
        &self,
        by: &MemberOf<AgencyId>,
        change: &AgencyChange,
        now: Millis,
    ) -> Result<Option<(Agency, Vec<Store>)>, Error> {
        let agency = &by.team;
        let deed = match change.papers.iter().next() {
            Some(paper) => Deed::new(now, &by.member, "paper_changed", paper.kind.as_str()),
            None => Deed::new(now, &by.member, "agency_changed", agency),
        };
        let mut tries = Tries::new(TRANSACT, Rivals::Few, agency.as_str());
        loop {
            tries.next().await?;
            let Some((before, stores)) = self.agency_with_stores(agency).await? else {
                return Ok(None);
            };
            let Some(after) = before.changed(change.clone(), now) else {
                return Ok(Some((before, stores)));
            };
            let members = [
                self.raise(&before, &after),
                self.deed_on(&by.team_id(), &deed, &after),
            ];
            if let Committed::Done = commit(members).await? {
                return Ok(Some((after, stores)));
            }
        }
    }

    /// Adds a store, which waits for review.
    pub async fn add_store(
        &self,
        by: &MemberOf<AgencyId>,
        store: &Store,
        body_hash: &[u8; 32],
    ) -> Result<StoreAdded, Error> {
        let agency = &by.team;
        let deed = Deed::new(store.added_at, &by.member, "store_added", &store.id);
        let stored = StoredStore {
            store: store.clone(),
            body_hash: Some(*body_hash),
            waits: Waits::since(Waiting::Store, store.added_at),
        };
        let put = self.table.put(item::write_store(agency, &stored));
        let put = put.if_absent().named(Part::Store);
        let mut tries = Tries::new(TRANSACT, Rivals::Few, store.id.as_str());
        loop {
            tries.next().await?;
            let Some((before, stores)) = self.agency_with_stores(agency).await? else {
                return Ok(StoreAdded::NotFound);
            };
            let is_repeat = stores.iter().any(|before| before.id == store.id);
            let waiting = stores.iter().filter(|store| store.waits());
            if waiting.count() >= Self::MOST_WAITING_STORES && !is_repeat {
                return Ok(StoreAdded::TooMany);
            }
            if stores.len() >= Self::MOST_STORES && !is_repeat {
                return Ok(StoreAdded::Full);
            }
            let after = before.with_store_changed();
            let raise = self.raise(&before, &after);
            let deed = self.deed_on(&by.team_id(), &deed, &after);
            let refused = match commit([put.clone(), raise, deed]).await? {
                Committed::Done => return Ok(StoreAdded::New),
                Committed::Conflict => continue,
                Committed::Refused(refused) => refused,
            };
            let found = refused
                .into_iter()
                .find(|refused| refused.part == Part::Store);
            if let Some(found) = found.and_then(|refused| refused.item) {
                let found = item::read_store(found)?;
                return Ok(if found.body_hash == Some(*body_hash) {
                    StoreAdded::Repeat(Box::new(found.store))
                } else {
                    StoreAdded::KeyReused
                });
            }
        }
    }

    /// Changes a store; a change that leaves it as it was writes nothing.
    pub async fn change_store(
        &self,
        by: &MemberOf<AgencyId>,
        store: &StoreId,
        now: Millis,
        change: &StoreChange,
        opening_hours: Option<&[Span]>,
    ) -> Result<StoreDecided, Error> {
        let deed = Deed::new(now, &by.member, "store_changed", store);
        let opening_hours = opening_hours.map(<[Span]>::to_vec);
        self.commit_store(&by.team, store, &by.team_id(), &deed, |store| {
            store.changed(change.clone(), opening_hours.clone())
        })
        .await
    }

    /// Closes a store for good. Its cells follow, as after a suspension.
    pub async fn close_store(
        &self,
        by: &MemberOf<AgencyId>,
        store: &StoreId,
        now: Millis,
    ) -> Result<StoreDecided, Error> {
        let deed = Deed::new(now, &by.member, "store_closed", store);
        let closed = |store: &Store| Ok(store.closed(now));
        self.commit_store(&by.team, store, &by.team_id(), &deed, closed)
            .await
    }

    /// The authority's decision on a store.
    pub async fn decide_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        review: &Review,
        by: &MemberId,
    ) -> Result<StoreDecided, Error> {
        let deed = Deed::new(review.at, by, "store_reviewed", store);
        let authority = TeamId::Authority(review.by.clone());
        self.commit_store(agency, store, &authority, &deed, |store| {
            store.decided(review.clone())
        })
        .await
    }

    async fn commit_store(
        &self,
        agency: &AgencyId,
        store: &StoreId,
        by: &TeamId,
        deed: &Deed,
        change: impl Fn(&Store) -> Result<Option<Store>, NotDecided>,
    ) -> Result<StoreDecided, Error> {
        let mut tries = Tries::new(TRANSACT, Rivals::Few, store.as_str());
        loop {
            tries.next().await?;
            // The agency first: a store read after it is at least as new, and the version tells if it is newer.
            let Some(before) = self.agency(agency).await? else {
                return Ok(StoreDecided::NotFound);
            };
            let Some(found) = self.table.get(Key::store(agency, store)).await? else {
                return Ok(StoreDecided::NotFound);
            };
            let stored = item::read_store(found)?;
            let changed = match change(&stored.store) {
                Ok(Some(changed)) => changed,
                Ok(None) => return Ok(StoreDecided::Done(Box::new(stored.store))),
                Err(refusal) => return Ok(StoreDecided::NotDecided(refusal)),
            };
            let is_same = changed.proposed == stored.store.proposed && stored.store.waits();
            let waits = match changed.waits() {
                false => Waits::default(),
                true if is_same => stored.waits,
                true => Waits::since(Waiting::Store, deed.at),
            };
            let stored = StoredStore {
                store: changed.clone(),
                waits,
                ..stored
            };
            let after = before.with_store_changed();
            let members = [
                self.raise(&before, &after),
                self.put_store(agency, &stored),
                self.deed_on(by, deed, &after),
            ];
            if let Committed::Done = commit(members).await? {
                return Ok(StoreDecided::Done(Box::new(changed)));
            }
        }
    }

    /// A condition of a transaction: this agency is approved in the moment of the write.
    pub fn stays_approved(&self, agency: &AgencyId) -> Member {
        let check = self
            .table
            .check(Key::agency(agency), "standing = :approved");
        let check = check.value(":approved", Standing::Approved);
        check.named(Part::Agency)
    }

    /// Counts, as part of a transaction, what an agency has done, if there is such an agency. That is no new version of
    /// it: nothing follows but what it scores.
    pub fn count(&self, agency: &AgencyId, more: AgencyStats) -> Member {
        let counts = [
            ("stars_sum", more.stars_sum),
            ("stars_count", more.stars_count),
            ("completed", more.completed),
            ("abandoned", more.abandoned),
            ("upheld", more.upheld),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let sets = counts
            .clone()
            // A count that came later is not there yet in every agency.
            .map(|(name, _)| {
                format!("stats.{name} = if_not_exists(stats.{name}, :none) + :{name}")
            });
        let sets = sets.collect::<Vec<_>>().join(", ");
        let update = self
            .table
            .update(Key::agency(agency), format!("SET {sets}"));
        counts
            .fold(update.value(":none", 0), |update, (name, count)| {
                update.value(&format!(":{name}"), count)
            })
            .when("attribute_exists(pk)")
            .named(Part::Agency)
    }

    /// A line of who changed an agency, or a store of it, into this version.
    fn deed_on(&self, by: &TeamId, deed: &Deed, after: &Agency) -> Member {
        self.deed(by, deed, &format!("{}#{}", after.id, after.version))
    }

    /// Takes an agency from one version to the next. What it has done so far is not touched: it changes without a new
    /// version.
    fn raise(&self, before: &Agency, after: &Agency) -> Member {
        let key = Key::agency(&after.id);
        let is_reviewed = after.reviews != before.reviews;
        let update = if is_reviewed || after.review_version != before.review_version {
            let mut set = "SET version = :after, review_version = :review_version, standing = :standing, \
                           reviews = :reviews, #name = :name, responsible_person = :responsible_person, \
                           phone = :phone, services = :services, papers = :papers"
                .to_owned();
            let mut remove = Vec::new();
            match after.waits_since {
                Some(_) => set.push_str(", #wait = :wait, since = :since"),
                None => remove.extend(["#wait", "since"]),
            }
            match after.proposed {
                Some(_) => set.push_str(", proposed = :proposed"),
                None => remove.push("proposed"),
            }
            if !remove.is_empty() {
                set = format!("{set} REMOVE {}", remove.join(", "));
            }
            let mut update = self.table.update(key, set);
            if let Some(since) = after.waits_since {
                update = update
                    .value(":wait", Waiting::Agency)
                    .value(":since", since);
            }
            if let Some(proposed) = &after.proposed {
                update = update.value(":proposed", proposed);
            }
            update
                .value(":review_version", after.review_version)
                .value(":standing", after.standing)
                .value(":reviews", &after.reviews)
                .value(":name", &after.name)
                .value(":responsible_person", &after.responsible_person)
                .value(":phone", &after.phone)
                .value(":services", after.services)
                .value(":papers", &after.papers)
        } else {
            // One of its stores has changed.
            self.table.update(key, "SET version = :after")
        };
        update
            .when("version = :before")
            .value(":before", before.version)
            .value(":after", after.version)
            .named(Part::Agency)
    }

    /// Which agency was approved with this credit code.
    pub async fn agency_with_uscc(&self, uscc: &Uscc) -> Result<Option<AgencyId>, Error> {
        let found = self.table.get(Key::uscc(uscc.as_str())).await?;
        let found = found.map(read::<UsccItem>).transpose()?;
        Ok(found.map(|(_, item)| item.agency))
    }

    /// Makes the credit code this agency's, if it is nobody's yet.
    fn take_uscc(&self, agency: &Agency) -> Member {
        let item = UsccItem {
            agency: agency.id.clone(),
        };
        let put = self.table.put(Key::uscc(agency.uscc.as_str()).item(item));
        put.when("attribute_not_exists(pk) OR agency = :agency")
            .value(":agency", &agency.id)
            .named(Part::Uscc)
    }

    fn put_store(&self, agency: &AgencyId, stored: &StoredStore) -> Member {
        let put = self.table.put(item::write_store(agency, stored));
        put.named(Part::Store)
    }
}
