//! What an examination came to.

use std::fmt;

/// What was verified, and what is refuted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What holds, a line each.
    pub verified: Vec<String>,
    /// What does not hold, and where.
    pub refuted: Vec<Refuted>,
}

/// Something that does not hold: altered, removed, put elsewhere, forked or cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// Where: the file, the item in it, the event's place in its chain.
    pub place: String,
    /// Why.
    pub why: String,
}

/// Input that nothing can be said of: no such file, no JSON, a key that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Which.
    pub place: String,
    /// Why.
    pub why: String,
}

impl Report {
    /// One more thing that holds.
    pub fn verify(&mut self, line: impl Into<String>) {
        self.verified.push(line.into());
    }

    /// One more thing that does not.
    pub fn refute(&mut self, place: impl Into<String>, why: impl Into<String>) {
        self.refuted.push(Refuted::new(place, why));
    }

    /// Whether all holds.
    pub fn holds(&self) -> bool {
        self.refuted.is_empty()
    }
}

impl Refuted {
    /// At `place`, because of `why`.
    pub fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            why: why.into(),
        }
    }
}

impl Unusable {
    /// At `place`, because of `why`.
    pub fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Refuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}
