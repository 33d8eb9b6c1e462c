//! Verifies proofs as the log answers them: that an event is in it, and that it only ever grew.

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::export::{Event, read_hash};
use crate::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use crate::note::Checkpoint;
use crate::report::{Report, Unusable};

/// An inclusion proof, as `GET /v1/log/proof/inclusion` answers it.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The file, and the position in it.
    pub place: String,
    leaf_index: u64,
    leaf_hash: Hash,
    size: u64,
    root: Hash,
    hashes: Vec<Hash>,
}

/// A consistency proof, as `GET /v1/log/proof/consistency` answers it.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The file, and the position in it.
    pub place: String,
    from: (u64, Hash),
    to: (u64, Hash),
    hashes: Vec<Hash>,
}

/// Which leaves the proofs have to be about.
#[derive(Clone, Copy, Debug)]
pub enum WantedLeaves<'a> {
    /// Whatever the proofs say.
    Anything,
    /// The event with this hash.
    Hash(Hash),
    /// Each of these events, at the position that it names.
    Events(&'a [Event]),
}

impl Inclusion {
    pub fn read(place: String, value: &Value) -> Result<Self, Unusable> {
        Ok(Self {
            leaf_index: number(&place, value, "leaf_index")?,
            leaf_hash: hash(&place, value, "leaf_hash")?,
            size: number(&place, value, "tree_size")?,
            root: hash(&place, value, "root")?,
            hashes: hashes(&place, value)?,
            place,
        })
    }
}

impl Consistency {
    pub fn read(place: String, value: &Value) -> Result<Self, Unusable> {
        Ok(Self {
            from: (
                number(&place, value, "from")?,
                hash(&place, value, "from_root")?,
            ),
            to: (
                number(&place, value, "to")?,
                hash(&place, value, "to_root")?,
            ),
            hashes: hashes(&place, value)?,
            place,
        })
    }
}

/// Verifies inclusion proofs, against a signed checkpoint if there is one.
pub fn inclusion(
    proofs: &[Inclusion],
    wanted: WantedLeaves<'_>,
    signed: Option<&Checkpoint>,
) -> Report {
    let mut report = Report::default();
    for proof in proofs {
        if let Some(signed) = signed
            && (proof.size, proof.root) != (signed.size, signed.root)
        {
            report.refute(
                &proof.place,
                format!(
                    "it is of a tree of {} under {}, and a tree of {} under {} was signed",
                    proof.size,
                    HEXLOWER.encode(&proof.root),
                    signed.size,
                    HEXLOWER.encode(&signed.root)
                ),
            );
            continue;
        }
        if let WantedLeaves::Hash(event) = wanted
            && leaf_hash(&event) != proof.leaf_hash
        {
            report.refute(
                &proof.place,
                format!("its leaf is not the event {}", HEXLOWER.encode(&event)),
            );
            continue;
        }
        let verified = verify_inclusion(
            &proof.leaf_hash,
            proof.leaf_index,
            proof.size,
            &proof.hashes,
            &proof.root,
        );
        match verified {
            Ok(()) => report.verify(format!(
                "leaf {} is in the tree of {} under {}{}",
                proof.leaf_index,
                proof.size,
                HEXLOWER.encode(&proof.root),
                unsigned(signed.is_some()),
            )),
            Err(why) => report.refute(format!("{}, leaf {}", proof.place, proof.leaf_index), why),
        }
    }
    if let WantedLeaves::Events(events) = wanted
        && report.holds()
    {
        match_events(proofs, events, &mut report);
    }
    report
}

/// Verifies consistency proofs, between two signed checkpoints if they are given.
pub fn consistency(
    proofs: &[Consistency],
    from: Option<&Checkpoint>,
    to: Option<&Checkpoint>,
) -> Report {
    let mut report = Report::default();
    for proof in proofs {
        let ends = [("from", proof.from, from), ("to", proof.to, to)];
        let other = ends.iter().find(|(_, end, signed)| {
            signed.is_some_and(|signed| (signed.size, signed.root) != *end)
        });
        if let Some((name, (size, root), _)) = other {
            report.refute(
                &proof.place,
                format!(
                    "`{name}` is a tree of {size} under {}, which is not what was signed",
                    HEXLOWER.encode(root)
                ),
            );
            continue;
        }
        let (old, new) = (&proof.from, &proof.to);
        match verify_consistency((old.0, &old.1), (new.0, &new.1), &proof.hashes) {
            Ok(()) => report.verify(format!(
                "the tree of {} begins with the tree of {}{}",
                new.0,
                old.0,
                unsigned(from.is_some() && to.is_some()),
            )),
            Err(why) => report.refute(&proof.place, why),
        }
    }
    report
}

fn match_events(proofs: &[Inclusion], events: &[Event], report: &mut Report) {
    for event in events {
        let Some(index) = event.leaf_index else {
            report.refute(&event.place, "it is not in the log yet");
            continue;
        };
        match proofs.iter().find(|proof| proof.leaf_index == index) {
            None => report.refute(
                &event.place,
                format!("no proof is given for its leaf {index}"),
            ),
            Some(proof) if proof.leaf_hash == leaf_hash(&event.hash) => {}
            Some(proof) => report.refute(
                &event.place,
                format!("leaf {index} of the log is another event ({})", proof.place),
            ),
        }
    }
    if report.holds() {
        report.verify(format!(
            "all {} events of the export are in the log",
            events.len()
        ));
    }
}

fn unsigned(is_signed: bool) -> &'static str {
    if is_signed {
        ""
    } else {
        ", by roots that no checkpoint given here has signed"
    }
}

fn number(place: &str, value: &Value, name: &str) -> Result<u64, Unusable> {
    let number = value.get(name).and_then(Value::as_u64);
    number.ok_or_else(|| Unusable::new(place, format!("`{name}` is missing or no number")))
}

fn hash(place: &str, value: &Value, name: &str) -> Result<Hash, Unusable> {
    let hash = value.get(name).and_then(Value::as_str).and_then(read_hash);
    hash.ok_or_else(|| {
        Unusable::new(
            place,
            format!("`{name}` is not 64 small hexadecimal digits"),
        )
    })
}

fn hashes(place: &str, value: &Value) -> Result<Vec<Hash>, Unusable> {
    let list = value.get("hashes").and_then(Value::as_array);
    let read = list.and_then(|list| {
        let hashes = list.iter().map(|hash| hash.as_str().and_then(read_hash));
        hashes.collect::<Option<Vec<Hash>>>()
    });
    read.ok_or_else(|| Unusable::new(place, "`hashes` is not a list of hashes"))
}
