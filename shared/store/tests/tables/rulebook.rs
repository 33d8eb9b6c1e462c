//! The domain and the table refuse the same changes of the same orders, and make the same of all others.

use std::fmt::Debug;

use domain::id::{OrderId, WorkerId};
use domain::order::{Change, Claim, Given, How, Order, Reopening, Staffing, State, Status};
use domain::time::Millis;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::Written;

use crate::world::{self, NOW, World, agency, customer, place_of};

const CASES: u32 = 1_500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Offer,
    Grab,
    Assign,
    LeaveUnfilled,
    Staff,
    StaffAnother,
    Start,
    Complete,
    CompleteByTime,
    Rate,
    LeaveUnattended,
    Release,
    MissStaffing,
    Suspend,
    Unstaff,
    Cancel,
}

/// Each kind with the statuses and a moment that fit it.
const KINDS: [(Kind, &[Status], i64); 16] = [
    (Kind::Offer, &[Status::Open], 9),
    (Kind::Grab, &[Status::Open], 9),
    (Kind::Assign, &[Status::Open], 10),
    (Kind::LeaveUnfilled, &[Status::Open], 10),
    (Kind::Staff, &[Status::Claimed], 19),
    (Kind::StaffAnother, &[Status::Staffed], 39),
    (Kind::Start, &[Status::Staffed], 30),
    (Kind::Complete, &[Status::InService], 35),
    (Kind::CompleteByTime, &[Status::InService], 50),
    (Kind::Rate, &[Status::Completed], 60),
    (Kind::LeaveUnattended, &[Status::Staffed], 50),
    (Kind::Release, &[Status::Claimed, Status::Staffed], 15),
    (Kind::MissStaffing, &[Status::Claimed], 20),
    (Kind::Suspend, &[Status::Claimed, Status::Staffed], 15),
    (Kind::Unstaff, &[Status::Staffed], 15),
    (
        Kind::Cancel,
        &[Status::Open, Status::Claimed, Status::Staffed],
        15,
    ),
];

/// A change, and an order that it may fit. Moments are in minutes.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    status: Status,
    epoch: u32,
    fanned_out: Option<u32>,
    excluded: Vec<u8>,
    holder: u8,
    named: u8,
    deadline: i64,
    staff_by: i64,
    ends: i64,
    asked_epoch: u32,
    next: Option<u32>,
    agency: u8,
    worker: u8,
    instead_of: u8,
    customer: u8,
    visit_by: i64,
    now: i64,
}

fn given(stars: u8, counts: bool) -> Given {
    let stars = stars.try_into().unwrap();
    Given { stars, counts }
}

fn at(minutes: i64) -> Millis {
    Millis(NOW.0 + minutes * 60_000)
}

fn worker(n: u8) -> WorkerId {
    WorkerId::from_bytes(&[n; 16])
}

fn mostly<T: Clone + Debug + 'static>(fit: T, any: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop_oneof![10 => Just(fit), 1 => select(any.to_vec())]
}

fn cases() -> impl Strategy<Value = Case> {
    let kinds = select(KINDS.to_vec());
    kinds.prop_flat_map(|(kind, statuses, moment)| {
        let status = prop_oneof![10 => select(statuses), 1 => select(Status::ALL)];
        let of_order = (
            mostly(2, &[1, 3]),
            mostly(Some(1), &[None, Some(2), Some(3)]),
            mostly(vec![], &[vec![1], vec![2], vec![1, 2]]),
            mostly(1, &[2]),
            mostly(1, &[2, 3]),
        );
        let moments = (
            mostly(10, &[9, 11, 60]),
            mostly(20, &[19, 21, 60]),
            mostly(40, &[39, 41]),
            mostly(50, &[49, 51]),
            mostly(moment, &[0, 9, 10, 19, 20, 39, 40, 49, 50]),
        );
        let of_change = (
            mostly(2, &[1, 3]),
            mostly(Some(3), &[None, Some(0), Some(2), Some(4)]),
            mostly(1, &[2]),
            mostly(
                if matches!(kind, Kind::Start | Kind::Unstaff) {
                    1
                } else {
                    2
                },
                &[1, 2, 3],
            ),
            mostly(1, &[2, 3]),
            mostly(1, &[2]),
        );
        (status, of_order, moments, of_change).prop_map(
            move |(status, of_order, moments, of_change)| {
                let (epoch, fanned_out, excluded, holder, named) = of_order;
                let (deadline, staff_by, ends, visit_by, now) = moments;
                let (asked_epoch, next, agency, worker, instead_of, customer) = of_change;
                Case {
                    kind,
                    status,
                    epoch,
                    fanned_out,
                    excluded,
                    holder,
                    named,
                    deadline,
                    staff_by,
                    ends,
                    asked_epoch,
                    next,
                    agency,
                    worker,
                    instead_of,
                    customer,
                    visit_by,
                    now,
                }
            },
        )
    })
}

impl Case {
    fn order(&self, id: OrderId) -> Order {
        let placed = self.placed(id);
        let claim = self.claim(self.holder, How::Grab, at(1), at(self.staff_by));
        let staffing = Staffing {
            worker: worker(self.named),
            at: at(2),
        };
        Order {
            version: 3,
            epoch: self.epoch,
            grab_deadline: at(self.deadline),
            fanned_out: self.fanned_out,
            excluded: self.excluded.iter().map(|n| agency(*n)).collect(),
            state: match self.status {
                Status::Open => State::Open {
                    deadline: at(self.deadline),
                },
                Status::Claimed => State::Claimed(claim),
                Status::Staffed => State::Staffed(claim, staffing),
                Status::InService => State::InService(claim, staffing),
                Status::Completed => State::Completed(claim, staffing),
                Status::Rated => State::Rated(claim, staffing, given(3, false)),
                Status::Cancelled => State::Cancelled { claim: Some(claim) },
                Status::Unfilled => State::Unfilled,
            },
            ..placed
        }
    }

    /// The order as it was placed. What never changes is as it is now.
    fn placed(&self, id: OrderId) -> Order {
        Order {
            id,
            start_at: at(30),
            duration_min: u32::try_from(self.ends - 30).unwrap(),
            ..world::order(1)
        }
    }

    fn claim(&self, by: u8, how: How, at: Millis, staff_by: Millis) -> Claim {
        Claim {
            agency: agency(by),
            agency_name: "家政".to_owned(),
            how,
            at,
            staff_by,
        }
    }

    fn change(&self) -> Change {
        let (now, agency, visit_by) = (at(self.now), agency(self.agency), at(self.visit_by));
        let customer = customer(self.customer);
        let reason = "ill".to_owned();
        let then = self.next.map_or(Reopening::Unfilled, |epoch| {
            let deadline = at(70);
            Reopening::Again { epoch, deadline }
        });
        let staff = |instead_of| Change::Staff {
            agency: agency.clone(),
            staffing: Staffing {
                worker: worker(self.worker),
                at: now,
            },
            instead_of,
        };
        match self.kind {
            Kind::Offer => Change::Offer {
                agencies: 62,
                radius_m: 5_000,
            },
            Kind::Grab => Change::Claim(self.claim(self.agency, How::Grab, now, at(80))),
            Kind::Assign => Change::Claim(self.claim(self.agency, How::Assignment, now, at(80))),
            Kind::LeaveUnfilled => Change::LeaveUnfilled { reason },
            Kind::Staff => staff(None),
            Kind::StaffAnother => staff(Some(worker(self.instead_of))),
            Kind::Start => Change::Start {
                worker: worker(self.worker),
            },
            Kind::Complete => Change::Complete { customer },
            Kind::CompleteByTime => Change::CompleteByTime { visit_by },
            Kind::Rate => Change::Rate {
                customer,
                given: given(4, self.now % 2 == 0),
            },
            Kind::LeaveUnattended => Change::LeaveUnattended { agency, visit_by },
            Kind::Release => Change::Release {
                agency,
                reason,
                then,
            },
            Kind::MissStaffing => Change::MissStaffing { agency, then },
            Kind::Suspend => Change::Suspend { agency, then },
            Kind::Unstaff => Change::Unstaff {
                worker: worker(self.worker),
                staff_by: at(25),
            },
            Kind::Cancel => Change::Cancel { customer, reason },
        }
    }
}

/// Asks both, and says whether they made the change.
async fn ask_both(world: &World, case: &Case, id: OrderId) -> Result<bool, TestCaseError> {
    let (order, change, now) = (case.order(id.clone()), case.change(), at(case.now));
    prop_assert!(place_of(&world.orders, &order).await);
    let expected = order.changed(&change, case.asked_epoch, now);
    // The table is told nothing of what can change.
    let known = case.placed(id);
    let written = world
        .orders
        .change(&known, &change, case.asked_epoch, now)
        .await;
    let stored = world.orders.get(&order.id).await.unwrap().unwrap();
    match (expected, written.unwrap()) {
        (Ok(expected), Written::Done(written)) => {
            prop_assert_eq!(&written, &expected);
            prop_assert_eq!(&stored, &expected);
            Ok(true)
        }
        (Err(_), Written::Refused(Some(_))) => {
            prop_assert_eq!(&stored, &order);
            Ok(false)
        }
        (expected, written) => {
            let reason = format!("{expected:?} in the domain, {written:?} in the table");
            Err(TestCaseError::fail(reason))
        }
    }
}

#[test]
fn the_domain_and_the_table_agree_on_every_change() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let seen = std::cell::RefCell::new(Vec::new());
    let ran = runner.run(&cases(), |case| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&seen.borrow().len().to_be_bytes());
        seen.borrow_mut().push(None);
        let asked = ask_both(&world, &case, OrderId::from_bytes(&id));
        let is_made = runtime.block_on(asked)?;
        if let Some(last) = seen.borrow_mut().last_mut() {
            *last = Some((case.kind, is_made));
        }
        Ok(())
    });
    if let Err(difference) = ran {
        panic!("{difference}");
    }
    let seen = seen.into_inner();
    for (kind, ..) in KINDS {
        for is_made in [true, false] {
            assert!(seen.contains(&Some((kind, is_made))), "{kind:?} {is_made}");
        }
    }
}
