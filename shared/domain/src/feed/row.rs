//! Rows of a batch: reading one, and finding those that count.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json;
use crate::check::IdNumber;
use crate::credit::{CreditRules, Entry, Recorded, Section, begins};
use crate::id::SourceId;
use crate::text::line;
use crate::time::Millis;

pub const LONGEST_ROW: usize = 4 * 1024;
const LONGEST_REFERENCE: usize = 64;

/// What one row says about a section of a worker.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line in the batch, from 1; blank lines count.
    pub line: u32,
    pub section: Section,
    pub state: Recorded,
    pub as_of: Millis,
    /// When it begins to hold; see [`begins`].
    pub valid_from: Option<Millis>,
    /// The first moment at which it does not hold any more.
    pub valid_until: Option<Millis>,
    /// The source's own reference, such as a policy's number. Personal.
    pub reference: Option<String>,
}

/// Empty, so that a reference cannot slip into a log.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}

impl Row {
    pub fn entry(&self, source: &SourceId) -> Entry {
        Entry {
            source: source.clone(),
            recorded: self.state,
            as_of: self.as_of,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        }
    }

    fn begins(&self) -> Millis {
        begins(self.state, self.as_of, self.valid_from)
    }

    fn agrees(&self, other: &Self) -> bool {
        self.state == other.state
            && self.valid_from == other.valid_from
            && self.valid_until == other.valid_until
            && self.reference == other.reference
    }
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rejected {
    pub line: u32,
    /// What is wrong, without repeating any of the row.
    pub detail: String,
}

/// What the rows of a batch are checked against.
#[derive(Clone, Debug)]
pub struct RowRules {
    sections: BTreeSet<Section>,
    need_end: BTreeSet<Section>,
    latest: Millis,
}

impl RowRules {
    /// For a source that may report `sections`, and a batch announced at about `latest`: a row that speaks of
    /// a later time is refused.
    pub fn new(sections: &[Section], credit: &CreditRules, latest: Millis) -> Self {
        let need_end = Section::ALL.iter().copied();
        Self {
            sections: sections.iter().copied().collect(),
            need_end: need_end
                .filter(|section| credit.rule(*section).needs_end())
                .collect(),
            latest,
        }
    }

    /// Whom a row is about, and what it says; or all that is wrong with it, in words that repeat nothing of the row.
    pub fn parse(&self, line: u32, text: &[u8]) -> Result<(IdNumber, Row), Rejected> {
        let rejected = |detail: &str| Rejected {
            line,
            detail: detail.to_owned(),
        };
        if text.len() > LONGEST_ROW {
            return Err(rejected("the row is longer than 4096 bytes"));
        }
        let Some((Value::Object(row), is_repeated)) = json::read(text) else {
            return Err(rejected("the row is not a JSON object"));
        };
        let mut faults = Faults(Vec::new());
        if is_repeated {
            faults.add("a member is given twice");
        }
        let read = self.read(line, &row, &mut faults);
        match read {
            Some(read) if faults.0.is_empty() => Ok(read),
            _ => Err(rejected(&faults.0.join("; "))),
        }
    }

    fn read(
        &self,
        line: u32,
        row: &Map<String, Value>,
        faults: &mut Faults,
    ) -> Option<(IdNumber, Row)> {
        const FIELDS: [&str; 7] = [
            "worker",
            "section",
            "state",
            "as_of",
            "valid_from",
            "valid_until",
            "reference",
        ];
        if row.keys().any(|name| !FIELDS.contains(&name.as_str())) {
            faults.add("there is a field that is not known");
        }
        let worker = self.worker(row.get("worker"), faults);
        let section = self.section(row, faults);
        let state = text(row, "state").and_then(Recorded::named);
        if state.is_none() {
            faults.add("state must be one of clear, flagged, pending, unknown, withheld");
        }
        let as_of = text(row, "as_of").and_then(|text| Millis::parse_rfc3339(text).ok());
        match as_of {
            None => faults.add("as_of must be a time in RFC 3339 with offset"),
            Some(as_of) if as_of > self.latest => faults.add("as_of is in the future"),
            Some(_) => {}
        }
        let valid_from = optional_time(row, "valid_from", faults);
        let valid_until = optional_time(row, "valid_until", faults);
        if let (Some(until), Some(from)) = (valid_until, valid_from.or(as_of))
            && until <= from
        {
            faults.add("it ends before it begins: valid_until must be after valid_from or as_of");
        }
        if let (Some(section), Some(Recorded::Clear), None) = (section, state, valid_until)
            && self.need_end.contains(&section)
        {
            faults.add("valid_until is needed where this section is clear");
        }
        let reference = reference(row.get("reference"), faults);
        let row = Row {
            line,
            section: section?,
            state: state?,
            as_of: as_of?,
            valid_from,
            valid_until,
            reference,
        };
        Some((worker?, row))
    }

    fn worker(&self, worker: Option<&Value>, faults: &mut Faults) -> Option<IdNumber> {
        let Some(Value::Object(worker)) = worker else {
            faults.add("worker must be an object with id_number");
            return None;
        };
        if worker.keys().any(|name| name != "id_number") {
            faults.add("worker has a field that is not known");
        }
        let Some(text) = text(worker, "id_number") else {
            faults.add("worker.id_number must be a string");
            return None;
        };
        match text.parse::<IdNumber>() {
            Ok(number) if !number.is_born_by(self.latest) => {
                faults.add("worker.id_number has a birth date in the future");
                None
            }
            Ok(number) => Some(number),
            Err(fault) => {
                faults.0.push(format!("worker.id_number {fault}"));
                None
            }
        }
    }

    fn section(&self, row: &Map<String, Value>, faults: &mut Faults) -> Option<Section> {
        let section = text(row, "section").and_then(Section::named);
        match section {
            None => faults.add("section is not one of the nine"),
            Some(section) if !self.sections.contains(&section) => {
                faults.add("this source may not speak for this section");
            }
            Some(_) => {}
        }
        section
    }
}

struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: &str) {
        self.0.push(fault.to_owned());
    }
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name).and_then(Value::as_str)
}

fn optional_time(
    row: &Map<String, Value>,
    name: &'static str,
    faults: &mut Faults,
) -> Option<Millis> {
    let given = row.get(name).filter(|value| !value.is_null())?;
    let time = given.as_str().and_then(|t| Millis::parse_rfc3339(t).ok());
    if time.is_none() {
        faults
            .0
            .push(format!("{name} must be a time in RFC 3339 with offset"));
    }
    time
}

fn reference(value: Option<&Value>, faults: &mut Faults) -> Option<String> {
    let given = value.filter(|value| !value.is_null())?;
    let text = given.as_str().and_then(|text| line(text).ok());
    let text = text.filter(|text| (1..=LONGEST_REFERENCE).contains(&text.chars().count()));
    if text.is_none() {
        faults.add("reference must be a string of 1 to 64 visible characters");
    }
    text
}

/// The rows of one part with their line numbers, and how many lines the part has. `before` is the number of lines in
/// the parts before. No row continues in the next part; a byte-order mark at the beginning is skipped.
pub fn rows_of(part: &[u8], before: u32) -> (Vec<(u32, &[u8])>, u32) {
    let part = part.strip_prefix(b"\xef\xbb\xbf").unwrap_or(part);
    let mut rows = Vec::new();
    let mut lines = 0;
    // After the last line break there is no further line.
    for text in part
        .strip_suffix(b"\n")
        .unwrap_or(part)
        .split(|b| *b == b'\n')
    {
        lines += 1;
        let text = text.trim_ascii();
        if !text.is_empty() {
            rows.push((before + lines, text));
        }
    }
    (rows, if part.is_empty() { 0 } else { lines })
}

/// What all rows about one worker in a batch come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewestRows {
    /// The rows that count: of each section the newest one, and older ones that hold until it begins. By section, in
    /// the order in which they begin.
    pub rows: Vec<Row>,
    /// Lines of rows that add nothing to those.
    pub unchanged: Vec<u32>,
    /// Rows that contradict each other, and older ones that therefore do not count.
    pub rejected: Vec<Rejected>,
}

/// The rows that count at some moment from `from` on, when the batch was announced.
///
/// Rows of one section that say different things about the same moment contradict each other, and none of them counts.
/// Several that are `clear` and begin at different times do not contradict each other: one follows the other. Where
/// the newest rows contradict each other, no older one counts either: an older `clear` cannot stand in for what its
/// source cannot agree on now.
pub fn newest(mut rows: Vec<Row>, from: Millis) -> NewestRows {
    // The newest first within a section, and among those of one moment the one that begins last.
    rows.sort_by_key(|row| {
        let newest_first = (Reverse(row.as_of), Reverse(row.begins()));
        (row.section, newest_first, row.line)
    });
    let mut said = NewestRows::default();
    for of_a_section in rows.chunk_by(|a, b| a.section == b.section) {
        // From here on newer rows count.
        let mut until = Millis(i64::MAX);
        // Two lines that contradict each other, with nothing newer that counts in their place.
        let mut disputed = None;
        for of_a_moment in of_a_section.chunk_by(|a, b| a.as_of == b.as_of) {
            let is_clear = of_a_moment.iter().all(|row| row.state == Recorded::Clear);
            let alike = |a: &Row, b: &Row| !is_clear || a.begins() == b.begins();
            let mut disputed_now = None;
            for rows in of_a_moment.chunk_by(alike) {
                let Some(first) = rows.first() else {
                    continue;
                };
                let other = rows.iter().find(|row| !row.agrees(first));
                for row in rows {
                    let counts = until > from.max(row.begins());
                    let against = if row.agrees(first) {
                        other
                    } else {
                        Some(first)
                    };
                    if let Some((one, another)) = disputed {
                        if counts {
                            said.rejected.push(Rejected {
                                line: row.line,
                                detail: format!(
                                    "lines {one} and {another} contradict one another, of the same section and a later moment"
                                ),
                            });
                        } else {
                            said.unchanged.push(row.line);
                        }
                    } else if let Some(against) = against {
                        let line = against.line;
                        said.rejected.push(Rejected {
                            line: row.line,
                            detail: format!(
                                "line {line} says something else of the same section and moment"
                            ),
                        });
                        if counts {
                            let pair = (row.line.min(line), row.line.max(line));
                            disputed_now.get_or_insert(pair);
                        }
                    } else if counts {
                        until = row.begins();
                        said.rows.push(row.clone());
                    } else {
                        said.unchanged.push(row.line);
                    }
                }
            }
            disputed = disputed.or(disputed_now);
        }
    }
    said.rows
        .sort_by_key(|row| (row.section, row.as_of, row.begins()));
    said
}
