//! The same platform on `ministack`, an emulator that shares no code with our own cloud: what passes on both does not pass
//! because of a misunderstanding of ours that sits in tests and emulation alike. What it cannot check, and where the two
//! disagree: `infra/docs/decisions/independent-emulator.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use futures::future::join_all;
use local::platform::Options;
use serde_json::{Value, json};

use crate::operator::Operator;
use crate::world::{CENTRE, World, moved};

/// The part of the suite that needs neither a clock that can be moved, nor roles that are checked, nor functions that are cut
/// off. Every test of these modules, but for those named below.
const MODULES: [&str; 6] = [
    "bad_input::",
    "deadlines::",
    "fanout::",
    "grabbing::",
    "orders::",
    "suspension::",
];

/// Tests that need more than another cloud has, and why.
const NOT_THERE: [(&str, &str); 12] = [
    (MOVES_CLOCK, "a_claim_that_nobody_staffs_goes_on_offer_again_until_nothing_is_left"),
    (MOVES_CLOCK, "an_order_that_nobody_grabs_is_assigned_and_the_agency_is_told"),
    (MOVES_CLOCK, "nobody_in_range_after_widening_leaves_the_order_unfilled"),
    (MOVES_CLOCK, "timers_that_fire_twice_early_or_late_change_nothing"),
    (MOVES_CLOCK, "with_its_schedule_lost_a_read_gets_the_order_settled"),
    (MOVES_CLOCK, "a_cancelled_order_is_off_offer_and_stays_cancelled"),
    (MOVES_CLOCK, "a_suspended_agency_is_not_assigned_either"),
    (MOVES_CLOCK, "grabs_against_the_deadline_and_the_customers_cancel_end_in_one_state"),
    (TOO_SLOW, "of_300_agencies_that_grab_at_once_exactly_one_wins"),
    (TOO_SLOW, "the_set_offered_equals_brute_force_over_all_stores"),
    ("", ""),
    ("", ""),
];
const MOVES_CLOCK: &str = "the time of another cloud cannot be moved";
const TOO_SLOW: &str = "a smaller one is in this module";

/// An order that nobody grabs is settled after its window, when its timer's tick of up to 10 s has come.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(200);
