//! Verifies all events of the log against a signed root.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use crate::export::Event;
use crate::merkle::{Hash, leaf_hash, root};
use crate::report::Report;

/// Whether exactly these events are the first `size` leaves of the log under this root.
pub fn verify(events: &[Event], size: u64, signed: &Hash) -> Report {
    let mut report = Report::default();
    let mut leaves: BTreeMap<u64, &Event> = BTreeMap::new();
    let mut later = 0_u64;
    for event in events {
        match event.leaf_index {
            Some(index) if index < size => {
                if let Some(other) = leaves.insert(index, event) {
                    report.refute(
                        &event.place,
                        format!("it has leaf {index} of the log, and so has {}", other.place),
                    );
                }
            }
            _ => later += 1,
        }
    }
    let mut next = 0;
    for (index, event) in &leaves {
        if *index != next {
            report.refute(
                &event.place,
                format!("leaf {next} of the log is missing before its leaf {index}"),
            );
            return report;
        }
        next += 1;
    }
    if next != size {
        report.refute(
            "the export",
            format!("it is cut off: leaf {next} of the log is missing, of {size}"),
        );
    }
    if !report.holds() {
        return report;
    }
    let hashes: Vec<Hash> = leaves
        .values()
        .map(|event| leaf_hash(&event.hash))
        .collect();
    let found = root(&hashes);
    if found != *signed {
        report.refute(
            format!("leaves 0 to {} of the log", size.saturating_sub(1)),
            format!(
                "an event among them is not the one that was logged, or not in its place: the root is {}, and {} was \
                 signed",
                HEXLOWER.encode(&found),
                HEXLOWER.encode(signed)
            ),
        );
        return report;
    }
    report.verify(format!(
        "the log: {size} events under the root {}; {later} more came later",
        HEXLOWER.encode(&found)
    ));
    report
}
