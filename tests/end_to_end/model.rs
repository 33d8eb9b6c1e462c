//! Random people do random things at random times, and whatever they are answered is what the rules in `domain` say.
//!
//! The model of an order is a `domain::order::Order` that is changed by the same rulebook, beside the stored one, command by
//! command: a command's status, problem and view must be those that the rules give for the moment of the request, and
//! afterwards the stored order must be the model's, line by line. What the platform does by itself (offers, assignments, missed
//! deadlines, what suspensions take back) is read from the order's timeline, and may only be what the rules allow at that moment;
//! once the queues are empty, nothing that is due may be left. In some sequences all schedules are lost, so that people meet
//! orders whose deadlines have passed and that nobody has looked at.
//!
//! A seed is a sequence of steps. One that fails is made shorter, and printed with what each step did.

mod agencies;
mod commands;
mod customers;
mod town;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use commands::Does;
use town::Town;

/// Seeds, and whether timers fire.
const SEQUENCES: [(u64, bool); 6] = [
    (1, true),
    (2, false),
    (3, true),
    (4, false),
    (5, true),
    (6, false),
];
const STEPS: usize = 130;
/// How many shorter sequences are tried of one that fails.
const TRIES: usize = 40;

/// One thing that somebody does: what, and numbers that say who, with which order, and how.
#[derive(Clone, Debug)]
pub struct Step {
    pub does: Does,
    pub n: [u8; 4],
}

/// Splitmix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn steps(seed: u64) -> Vec<Step> {
    let mut dice = Dice(seed);
    let weights: usize = Does::ALL.iter().map(|(_, weight)| weight).sum();
    let mut steps = Vec::new();
    for _ in 0..STEPS {
        let mut left = dice.roll() as usize % weights;
        let does = Does::ALL.iter().find(|(_, weight)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        let [a, b, c, d, ..] = dice.roll().to_le_bytes();
        steps.push(Step {
            does: does.expect("a step").0,
            n: [a, b, c, d],
        });
    }
    steps
}

/// What was seen: which steps were taken, and which refused. Or what is wrong, and what had happened until then.
async fn play(steps: &[Step], timers_fire: bool) -> Result<BTreeSet<(Does, bool)>, String> {
    let mut town = Town::new(timers_fire).await;
    let played = AssertUnwindSafe(async {
        for step in steps {
            town.take(step).await?;
        }
        town.end().await
    });
    let wrong = match played.catch_unwind().await {
        Ok(Ok(())) => {
            town.world.platform.shutdown().await;
            return Ok(town.seen);
        }
        Ok(Err(wrong)) => wrong,
        Err(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_else(|| "a panic".to_owned()),
    };
    Err(format!("{}\n{wrong}", town.log.join("\n")))
}

/// The shortest sequence that was found to fail as well, and how it does.
async fn shortened(mut steps: Vec<Step>, mut wrong: String, timers_fire: bool) -> String {
    let (mut tries, mut size) = (0, steps.len() / 2);
    while size > 0 {
        let mut from = 0;
        while from < steps.len() && tries < TRIES {
            let mut fewer = steps.clone();
            fewer.drain(from..steps.len().min(from + size));
            tries += 1;
            match play(&fewer, timers_fire).await {
                Ok(_) => from += size,
                Err(why) => (steps, wrong) = (fewer, why),
            }
        }
        size /= 2;
    }
    format!("{wrong}\n{} steps are left of it: {steps:?}", steps.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_people_are_answered_as_the_rulebook_says() {
    let mut seen = BTreeSet::new();
    for (seed, timers_fire) in SEQUENCES {
        let steps = steps(seed);
        match play(&steps, timers_fire).await {
            Ok(some) => seen.extend(some),
            Err(wrong) => {
                let wrong = shortened(steps, wrong, timers_fire).await;
                panic!("seed {seed}, timers fire: {timers_fire}\n{wrong}");
            }
        }
    }
    // Otherwise it proves less than it says.
    for (does, _) in Does::ALL {
        assert!(seen.contains(&(*does, true)), "{does:?} was always refused");
        let is_seen = !does.is_refusable() || seen.contains(&(*does, false));
        assert!(is_seen, "{does:?} was never refused");
    }
}
