//! How often something is tried that others get in the way of, and how long is waited in between.

use std::time::Duration;

use crate::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The pause doubles so many times.
const DOUBLINGS: u32 = 4;

/// How many may want to change the same item at once. With each round at least one of them gets through.
#[derive(Clone, Copy)]
pub(crate) enum Rivals {
    /// A customer and a timer, two desks, two sequencers.
    Few,
    /// All that wait for one item of which there is much news: a source's batches, an agency's counts, and the chain of
    /// a worker, of whom a feed, her agency and a hundred scans may say something in the same second.
    Many,
}

impl Rivals {
    fn rounds(self) -> u32 {
        match self {
            Self::Few => 8,
            Self::Many => 120,
        }
    }
}

/// The rounds of something that is tried until nobody gets in its way.
pub(crate) struct Tries {
    call: &'static str,
    rivals: Rivals,
    /// Who waits how long follows from this, so that many do not come back at once.
    seed: u32,
    round: u32,
}

impl Tries {
    pub(crate) fn new(call: &'static str, rivals: Rivals, who: &str) -> Self {
        Self {
            call,
            rivals,
            seed: hash(17, who.as_bytes()),
            round: 0,
        }
    }

    /// Begins a round: the first at once, each other after a pause.
    ///
    /// # Errors
    /// [`Error::Busy`] when there were enough.
    pub(crate) async fn next(&mut self) -> Result<(), Error> {
        let round = self.round;
        self.round += 1;
        if round == self.rivals.rounds() {
            return Err(Error::Busy { call: self.call });
        }
        if round > 0 {
            let longest = FIRST_PAUSE * 2_u32.pow((round - 1).min(DOUBLINGS));
            tokio::time::sleep(longest.mul_f64(self.spread(round))).await;
        }
        Ok(())
    }

    /// Tells this one from others that began as the same.
    pub(crate) fn apart(&mut self, what: &str) {
        self.seed = hash(self.seed, what.as_bytes());
    }

    /// From nothing to one.
    fn spread(&self, round: u32) -> f64 {
        let hash = hash(self.seed, &round.to_be_bytes());
        f64::from(hash % 1_000) / 1_000.0
    }
}

fn hash(seed: u32, bytes: &[u8]) -> u32 {
    let mix = |h: u32, b: &u8| h.wrapping_mul(16_777_619) ^ u32::from(*b);
    bytes.iter().fold(seed, mix)
}
