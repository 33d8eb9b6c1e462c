//! The result of an examination.

use std::fmt;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What holds, in one line each.
    pub verified: Vec<String>,
    /// What does not hold.
    pub refuted: Vec<Refuted>,
}

/// Something that does not hold: altered, removed, put elsewhere, forked or cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// The file, the item in it, the event's position in its chain.
    pub place: String,
    pub why: String,
}

/// Input about which nothing can be said: no such file, no JSON, not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    pub place: String,
    pub why: String,
}

impl Report {
    /// Adds something that holds.
    pub fn verify(&mut self, line: impl Into<String>) {
        self.verified.push(line.into());
    }

    /// Adds something that does not hold.
    pub fn refute(&mut self, place: impl Into<String>, why: impl Into<String>) {
        self.refuted.push(Refuted::new(place, why));
    }

    pub fn holds(&self) -> bool {
        self.refuted.is_empty()
    }
}

impl Refuted {
    pub fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            why: why.into(),
        }
    }
}

impl Unusable {
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
