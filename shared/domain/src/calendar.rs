//! A worker's calendar: when she can work, and the visits that she is named for.
//!
//! An entry is written together with the staffing that makes it, and never removed when the order is cancelled or
//! released, or when another worker is named. So an entry only says which order to look at; that order says whether
//! the entry still holds ([`holds`]).

use std::time::Duration;

use crate::availability::Availability;
use crate::geo::{Wgs84, distance_m};
use crate::id::{AgencyId, OrderId, WorkerId};
use crate::order::{Order, State};
use crate::service::Service;
use crate::time::Millis;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Rises by one with every change; 0 while nothing is stored.
    pub version: u64,
    /// In no particular order.
    pub entries: Vec<CalendarEntry>,
    pub availability: Availability,
}

/// A time for which somebody is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// For this order, which is not in its own way.
    pub order: Option<OrderId>,
    pub service: Option<Service>,
    pub from: Millis,
    pub until: Millis,
}

impl From<&Order> for Wanted {
    fn from(order: &Order) -> Self {
        Self {
            order: Some(order.id.clone()),
            service: Some(order.service),
            from: order.start_at,
            until: order.ends_at(),
        }
    }
}

impl Wanted {
    /// The whole days that it touches, and the way there and back.
    pub fn day(&self, travel: Duration) -> (Millis, Millis) {
        let (from, until) = (self.from - travel, self.until + travel);
        let (first, last) = (self.from.day(), self.until.day());
        let next = Millis::day_begins(last + 1);
        (from.min(Millis::day_begins(first)), until.max(next))
    }
}

/// What in her calendar keeps a worker from a visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hindrance {
    /// She has another visit at that time, or is on her way.
    pub is_booked: bool,
    /// She is on leave, or it is outside her hours.
    pub is_away: bool,
}

/// A worker's calendar, and those of the visits in it that stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diary {
    pub calendar: Calendar,
    /// Those that were asked for, by their start.
    pub visits: Vec<Order>,
}

impl Diary {
    /// What keeps her from working for this agency then. All visits around that time must have been asked for.
    pub fn hindrance(&self, wanted: &Wanted, agency: &AgencyId, travel: Duration) -> Hindrance {
        let overlaps = |visit: &Order| {
            visit.start_at < wanted.until + travel && wanted.from < visit.ends_at() + travel
        };
        let mut others = self.visits.iter();
        let availability = &self.calendar.availability;
        Hindrance {
            is_booked: others
                .any(|visit| wanted.order.as_ref() != Some(&visit.id) && overlaps(visit)),
            is_away: !availability.allows(agency, wanted.service, wanted.from, wanted.until),
        }
    }

    /// How far a place is from the area of the nearest of her visits, other than this order's, in metres, rounded up to 100.
    pub fn nearest_visit_m(&self, place: Wgs84, except: Option<&OrderId>) -> Option<u32> {
        let others = self.visits.iter().filter(|visit| Some(&visit.id) != except);
        let distances = others.map(|visit| distance_m(visit.area.centre(), place));
        let nearest = distances.min_by(f64::total_cmp)?;
        Some((nearest / 100.0).ceil() as u32 * 100)
    }
}

/// How near a visit is to the others that a worker has that day, from 0 to 100: 50 if she has no other visit that day, more the nearer
/// the nearest one is, less if it is further than 10 km.
pub fn nearness(diary: &Diary, order: &Order) -> u32 {
    const INDIFFERENT_M: u32 = 10_000;
    let nearest = diary.nearest_visit_m(order.area.centre(), Some(&order.id));
    100 - nearest.unwrap_or(INDIFFERENT_M).min(2 * INDIFFERENT_M) * 50 / INDIFFERENT_M
}

/// A visit that a worker was named for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    pub order: OrderId,
    /// The epoch in which she was named.
    pub epoch: u32,
    /// When the visit starts.
    pub from: Millis,
    /// The first moment after the visit.
    pub to: Millis,
}

impl CalendarEntry {
    /// The entry for this order in its present epoch.
    pub fn for_order(order: &Order) -> Self {
        Self {
            order: order.id.clone(),
            epoch: order.epoch,
            from: order.start_at,
            to: order.ends_at(),
        }
    }

    /// Whether nobody can do both visits, counting the way from one to the other.
    fn is_in_the_way_of(&self, other: &Self, travel_time: Duration) -> bool {
        self.from < other.to + travel_time && other.from < self.to + travel_time
    }
}

impl Calendar {
    /// The entries that overlap this order's visit. The order's own entry is not among them.
    pub fn in_the_way(
        &self,
        order: &Order,
        travel_time: Duration,
    ) -> impl Iterator<Item = &CalendarEntry> {
        let wanted = CalendarEntry::for_order(order);
        self.entries.iter().filter(move |entry| {
            entry.order != wanted.order && entry.is_in_the_way_of(&wanted, travel_time)
        })
    }

    /// The next version: with this order's visit added, and without past visits or those that overlapped it. The
    /// caller has checked that the overlapping ones do not hold any more.
    #[must_use]
    pub fn with(&self, order: &Order, travel_time: Duration, now: Millis) -> Self {
        let wanted = CalendarEntry::for_order(order);
        let kept = self.entries.iter().filter(|entry| {
            entry.order != wanted.order
                && !entry.is_in_the_way_of(&wanted, travel_time)
                && entry.to + travel_time > now
        });
        Self {
            version: self.version + 1,
            entries: kept.cloned().chain([wanted.clone()]).collect(),
            availability: self.availability.clone(),
        }
    }

    /// The next version, with this in place of what was said of when she can work.
    #[must_use]
    pub fn available(&self, availability: Availability) -> Self {
        Self {
            version: self.version + 1,
            entries: self.entries.clone(),
            availability,
        }
    }
}

/// How many of these orders this agency has claimed, without having said yet who comes, for the same time as `order`: so
/// many of its workers are as good as booked.
pub fn promised(
    order: &Order,
    orders: &[Order],
    agency: &AgencyId,
    travel_time: Duration,
) -> usize {
    let wanted = CalendarEntry::for_order(order);
    let promised = orders.iter().filter(|other| {
        other.id != order.id
            && matches!(&other.state, State::Claimed(claim) if claim.agency == *agency)
            && CalendarEntry::for_order(other).is_in_the_way_of(&wanted, travel_time)
    });
    promised.count()
}

/// Whether an entry still holds: its order, as it is now, is in that epoch, is this agency's, for which she works, and has
/// this worker named for it.
pub fn holds(
    entry: &CalendarEntry,
    order: Option<&Order>,
    worker: &WorkerId,
    agency: &AgencyId,
) -> bool {
    order.is_some_and(|order| {
        order.epoch == entry.epoch
            && matches!(
                &order.state,
                State::Staffed(claim, staffing) | State::InService(claim, staffing)
                    if staffing.worker == *worker && claim.agency == *agency
            )
    })
}

/// Whether any of the overlapping entries still holds, by the orders as they are now.
pub fn is_booked<'a>(
    in_the_way: impl IntoIterator<Item = &'a CalendarEntry>,
    orders: &[Order],
    worker: &WorkerId,
    agency: &AgencyId,
) -> bool {
    in_the_way.into_iter().any(|entry| {
        let order = orders.iter().find(|order| order.id == entry.order);
        holds(entry, order, worker, agency)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{Area, Wgs84};
    use crate::id::CustomerId;
    use crate::market::Market;
    use crate::order::{Claim, How, Staffing, Visit};
    use crate::service::Service;

    const MINUTE: i64 = 60_000;
    const START: i64 = 100_000 * MINUTE;
    const TRAVEL: Duration = Duration::from_secs(1_800);

    fn agency(n: u8) -> AgencyId {
        AgencyId::from_bytes(&[n; 16])
    }

    fn worker(n: u8) -> WorkerId {
        WorkerId::from_bytes(&[n; 16])
    }

    /// An order of two hours that starts so many minutes after the first, staffed with worker 1.
    fn staffed(n: u8, after_min: i64) -> Order {
        let visit = Visit {
            service: Service::Cleaning,
            start_at: Millis(START + after_min * MINUTE),
            duration_min: 120,
            area: Area::containing(Wgs84::from_degrees(45.77, 126.65).unwrap()),
            budget_fen: None,
            wishes: Default::default(),
            preferred: None,
        };
        let id = OrderId::from_bytes(&[n; 16]);
        let customer = CustomerId::from_bytes(&[1; 16]);
        let order = Order::placed(id, customer, [0; 16], visit, &Market::default(), Millis(0));
        let claim = Claim {
            agency: agency(1),
            agency_name: "龙江家政".to_owned(),
            how: How::Grab,
            at: Millis(0),
            staff_by: Millis(1),
        };
        let staffing = Staffing {
            worker: worker(1),
            at: Millis(0),
        };
        Order {
            state: State::Staffed(claim, staffing),
            ..order.unwrap()
        }
    }

    #[test]
    fn the_way_between_two_visits_counts() {
        let booked = Calendar::default().with(&staffed(1, 0), TRAVEL, Millis(0));
        for (after_min, is_in_the_way) in [
            (-151, false),
            (-150, false),
            (-149, true),
            (0, true),
            (149, true),
            (150, false),
        ] {
            let other = staffed(2, after_min);
            let found = booked.in_the_way(&other, TRAVEL).count() == 1;
            assert_eq!(found, is_in_the_way, "{after_min}");
        }
        assert_eq!(
            booked.in_the_way(&staffed(1, 0), TRAVEL).count(),
            0,
            "an order is not in its own way"
        );
    }

    #[test]
    fn an_entry_holds_while_its_order_awaits_her_in_its_epoch() {
        let order = staffed(1, 0);
        let entry = CalendarEntry::for_order(&order);
        assert!(holds(&entry, Some(&order), &worker(1), &agency(1)));
        assert!(!holds(&entry, Some(&order), &worker(2), &agency(1)));
        assert!(!holds(&entry, None, &worker(1), &agency(1)));
        // She has gone to another agency: what the old one named her for does not bind her there.
        assert!(!holds(&entry, Some(&order), &worker(1), &agency(2)));
        let mut later = order.clone();
        later.epoch = 2;
        assert!(!holds(&entry, Some(&later), &worker(1), &agency(1)));
        let State::Staffed(claim, staffing) = order.state.clone() else {
            panic!("it is staffed");
        };
        for (state, wanted) in [
            (State::InService(claim.clone(), staffing.clone()), true),
            (State::Completed(claim.clone(), staffing), false),
            (State::Claimed(claim.clone()), false),
            (State::Cancelled { claim: Some(claim) }, false),
            (State::Unfilled, false),
        ] {
            let order = Order {
                state,
                ..order.clone()
            };
            assert_eq!(holds(&entry, Some(&order), &worker(1), &agency(1)), wanted);
            let orders = [order];
            assert_eq!(is_booked([&entry], &orders, &worker(1), &agency(1)), wanted);
        }
    }

    #[test]
    fn what_is_past_or_freed_is_pruned() {
        let first = staffed(1, 0);
        let calendar = Calendar::default().with(&first, TRAVEL, Millis(0));
        assert_eq!((calendar.version, calendar.entries.len()), (1, 1));
        let beside = calendar.with(&staffed(2, 300), TRAVEL, Millis(0));
        assert_eq!((beside.version, beside.entries.len()), (2, 2));
        // The first was cancelled, and its slot has been taken.
        let instead = beside.with(&staffed(3, 10), TRAVEL, Millis(0));
        let orders: Vec<_> = instead.entries.iter().map(|e| e.order.clone()).collect();
        assert_eq!(orders, [staffed(2, 0).id, staffed(3, 0).id]);
        // Days later.
        let later = Millis(START + 5_000 * MINUTE);
        let much_later = instead.with(&staffed(4, 6_000), TRAVEL, later);
        assert_eq!(much_later.entries.len(), 1);
    }

    #[test]
    fn a_diary_says_what_is_in_the_way_and_what_is_near() {
        let order = staffed(1, 0);
        let diary = |visits| Diary {
            calendar: Calendar::default(),
            visits,
        };
        let wanted = Wanted::from(&order);
        let booked = |after_min| {
            let other = diary(vec![staffed(1, 0), staffed(2, after_min)]);
            other.hindrance(&wanted, &agency(1), TRAVEL).is_booked
        };
        for after_min in [-150, 150] {
            assert!(!booked(after_min), "its own visit is not in its way");
        }
        assert!(booked(-149) && booked(149));
        // Wherever it is on that day.
        let (from, until) = wanted.day(TRAVEL);
        assert!(from <= order.start_at - TRAVEL && until >= order.ends_at() + TRAVEL);
        assert!(until.since(from) >= Duration::from_secs(86_400));

        let mut far = staffed(2, 300);
        far.area = Area::containing(Wgs84::from_degrees(45.81, 126.65).unwrap());
        let fits = [
            vec![staffed(3, 300), far.clone()],
            vec![far],
            vec![order.clone()],
        ];
        let fits = fits.map(|visits| nearness(&diary(visits), &order));
        assert_eq!((fits[0], fits[2]), (100, 50));
        assert!((51..100).contains(&fits[1]), "{fits:?}");
    }
}
