//! Which agencies could be assigned an order, from what is stored about them now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::agency::{Agency, Standing};
use domain::geo::{Nearest, Wgs84};
use domain::id::{AgencyId, StoreId};
use domain::order::{Order, Status};
use domain::score::{Candidate, Choice, choose};
use futures::{StreamExt, TryStreamExt, stream};
use store::Assignments;

use crate::AutoAssign;
use crate::workers::{Claims, Cleared, count};

/// How many agencies' claims are read at the same time.
const CLAIMS_AT_ONCE: usize = 16;

impl AutoAssign {
    /// The choice within each radius in turn, up to the first that has a winner; with what the winner had been assigned
    /// when it was chosen.
    pub(crate) async fn choices(
        &self,
        order: &Order,
    ) -> Result<(Vec<Choice>, Assignments), store::Error> {
        let place = self.place(order).await?;
        let mut choices = Vec::new();
        for radius_m in self.market.radii() {
            let (candidates, cleared, claims) = self.candidates(order, place, radius_m).await?;
            let mut choice = choose(order, candidates, &self.market, radius_m);
            let won = self.pass_over_the_booked(order, &mut choice, &cleared, &claims);
            let won = won.await?;
            choices.push(choice);
            if let Some(assignments) = won {
                return Ok((choices, assignments));
            }
        }
        Ok((choices, Assignments::default()))
    }

    async fn candidates(
        &self,
        order: &Order,
        place: Wgs84,
        radius_m: u32,
    ) -> Result<(Vec<Candidate>, Cleared, Claims), store::Error> {
        let in_range = self
            .directory
            .in_range(place, order.service, radius_m, self.market.radius_m)
            .await?;
        let ids: Vec<AgencyId> = in_range.keys().cloned().collect();
        // Consistent, because only the agency's own item knows its standing.
        let agencies = self.directory.agencies(&ids).await?;
        let claims = self.claims(order, &agencies).await?;
        let loads: BTreeMap<_, _> = claims
            .iter()
            .map(|(agency, claims)| (agency.clone(), count(claims.len())))
            .collect();
        let under_cap = loads
            .iter()
            .filter(|(_, load)| **load < self.market.assignment_cap)
            .map(|(agency, _)| agency.clone());
        let cleared = self.cleared(order, under_cap.collect()).await?;
        let closed = self.closed(order, &in_range, &cleared).await?;
        let candidates = candidates(in_range, agencies, &loads, &cleared, &closed);
        Ok((candidates, cleared, claims))
    }

    /// Of the agencies that have somebody to send, those whose store is not open all through the visit.
    async fn closed(
        &self,
        order: &Order,
        in_range: &BTreeMap<AgencyId, Nearest<StoreId>>,
        cleared: &Cleared,
    ) -> Result<BTreeSet<AgencyId>, store::Error> {
        let able = cleared
            .iter()
            .filter(|(_, (workers, _))| workers.cleared > 0);
        let told = able.filter_map(|(agency, _)| Some((agency, &in_range.get(agency)?.store)));
        let told: Vec<_> = told.collect();
        let stores = self.directory.stores(&told).await?.into_iter();
        let (from, until) = (order.start_at, order.ends_at());
        let closed = stores.filter(|(_, store)| !store.is_open(order.service, from, until));
        Ok(closed.map(|(agency, _)| agency).collect())
    }

    /// The unstaffed claims of each agency that could have the order at all. The index is a moment behind, so choices
    /// made at the same time can lift an agency a little over its cap.
    async fn claims(&self, order: &Order, agencies: &[Agency]) -> Result<Claims, store::Error> {
        // Older claims were staffed or lost.
        let window = Duration::from_secs(self.market.staffing_window_s.into());
        let since = self.clock.now() - window;
        let possible = agencies.iter().filter(|agency| may_have(order, agency));
        let claims = possible.map(|agency| async move {
            let claims = self.orders.claims(&agency.id, Status::Claimed, since);
            Ok((agency.id.clone(), claims.await?))
        });
        stream::iter(claims.collect::<Vec<_>>())
            .buffer_unordered(CLAIMS_AT_ONCE)
            .try_collect()
            .await
    }
}

/// Whether nothing but its load or its workers can exclude this agency.
fn may_have(order: &Order, agency: &Agency) -> bool {
    agency.standing == Standing::Approved
        && agency.services.contains(order.service)
        && !order.excluded.contains(&agency.id)
}

/// Joins what was read. An agency in range that has no item is left out.
fn candidates(
    mut in_range: BTreeMap<AgencyId, Nearest<StoreId>>,
    agencies: Vec<Agency>,
    loads: &BTreeMap<AgencyId, u32>,
    cleared: &Cleared,
    closed: &BTreeSet<AgencyId>,
) -> Vec<Candidate> {
    let known = agencies.into_iter().filter_map(|agency| {
        let nearest = in_range.remove(&agency.id)?;
        let load = loads.get(&agency.id).copied().unwrap_or_default();
        let workers = cleared.get(&agency.id);
        let workers = workers.map(|(workforce, _)| *workforce);
        Some(Candidate {
            is_open: !closed.contains(&agency.id),
            agency: agency.id,
            name: agency.name,
            store: nearest.store,
            distance_m: nearest.distance_m,
            standing: agency.standing,
            services: agency.services,
            stats: agency.stats,
            load,
            workers: workers.unwrap_or_default(),
        })
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::agency::{AgencyStats, Papers};
    use domain::check::Uscc;
    use domain::geo::{Area, nearest_in_range};
    use domain::id::{CustomerId, OrderId};
    use domain::market::Market;
    use domain::order::{State, Visit};
    use domain::score::{Exclusion, Explanation, Workforce};
    use domain::service::Service;
    use domain::time::Millis;

    use super::*;

    fn id(n: u8) -> AgencyId {
        AgencyId::from_bytes(&[n; 16])
    }

    fn agency(n: u8) -> Agency {
        Agency {
            id: id(n),
            name: format!("agency {n}"),
            uscc: Uscc::complete("91230102MA5M5AN6W").unwrap(),
            responsible_person: "王丽".to_owned(),
            phone: "13900000000".parse().unwrap(),
            services: [Service::Cooking].into_iter().collect(),
            papers: Papers::default(),
            standing: Standing::Approved,
            version: 1,
            review_version: 1,
            proposed: None,
            waits_since: None,
            stats: AgencyStats::default(),
            registered_at: Millis(0),
            reviews: Vec::new(),
        }
    }

    fn harbin(north_e7: i32) -> Wgs84 {
        Wgs84::from_e7(457_568_000 + north_e7, 1_266_424_000).unwrap()
    }

    fn order() -> Order {
        let visit = Visit {
            service: Service::Cooking,
            start_at: Millis(86_400_000),
            duration_min: 60,
            area: Area::containing(harbin(0)),
            budget_fen: None,
            wishes: Default::default(),
            preferred: None,
        };
        let (id, customer) = (
            OrderId::from_bytes(&[1; 16]),
            CustomerId::from_bytes(&[2; 16]),
        );
        Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0)).unwrap()
    }

    /// Five agencies in a row, each further north.
    fn in_range() -> BTreeMap<AgencyId, Nearest<StoreId>> {
        let stores = (1..=5_u8).map(|n| {
            (
                id(n),
                StoreId::from_bytes(&[n; 8]),
                harbin(i32::from(n) * 20_000),
            )
        });
        nearest_in_range(harbin(0), 5_000, stores)
    }

    #[test]
    fn the_choice_is_made_of_what_was_read_just_now() {
        let mut order = order();
        assert!(matches!(order.state, State::Open { .. }));
        order.excluded.insert(id(3));
        let suspended = Agency {
            standing: Standing::Suspended,
            ..agency(2)
        };
        // Agency 4 was in a cell, but has no item.
        let agencies = vec![agency(1), suspended, agency(3), agency(5)];
        let loads = BTreeMap::from([(id(1), 20), (id(5), 3)]);
        let market = Market::default();
        let workforce = Workforce {
            skilled: 4,
            cleared: 3,
            wishes: 0,
        };
        let cleared = BTreeMap::from([(id(5), (workforce, Vec::new()))]);

        let candidates = candidates(in_range(), agencies, &loads, &cleared, &BTreeSet::new());
        let choice = choose(&order, candidates, &market, 5_000);

        let winner = choice.winner().unwrap();
        assert_eq!((&winner.agency, winner.load), (&id(5), 3));
        assert_eq!(winner.workers, workforce);
        assert_eq!(winner.name, "agency 5");
        assert_eq!(
            choice.exclusions,
            [
                (id(1), Exclusion::AtTheCap),
                (id(2), Exclusion::NotApproved),
                (id(3), Exclusion::HadTheClaim),
            ]
        );
        let explanation = Explanation::new(&[choice], &market);
        assert_eq!(explanation.winner, Some(id(5)));
        assert_eq!(explanation.radii[0].eligible, 1);
    }

    #[test]
    fn loads_are_read_only_where_they_can_decide() {
        let mut order = order();
        order.excluded = BTreeSet::from([id(3)]);
        let other_services = Agency {
            services: [Service::LiveIn].into_iter().collect(),
            ..agency(4)
        };
        assert!(may_have(&order, &agency(1)));
        assert!(!may_have(
            &order,
            &Agency {
                standing: Standing::Pending,
                ..agency(2)
            }
        ));
        assert!(!may_have(&order, &agency(3)));
        assert!(!may_have(&order, &other_services));
    }
}
