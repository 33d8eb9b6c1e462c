//! Verifies a worker's chain: every event is there once, in order, unaltered, and follows the one before.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::export::{Event, Export, PageEnd, read_hash};
use crate::merkle::Hash;
use crate::report::{Refuted, Report, Unusable};

/// How far a chain has been followed.
#[derive(Default)]
struct Followed {
    seq: u64,
    hash: Hash,
    erased: u64,
    /// The log index of the last event that has one.
    leaf: Option<u64>,
    broken: bool,
}

pub struct Chains {
    /// All events with the right form, in the order of the files.
    pub events: Vec<Event>,
    pub report: Report,
    /// The workers whose chains may continue: no page says where they end, and nothing else does.
    open: Vec<String>,
}

impl Chains {
    /// The report, if it covers whole chains. If nothing says where a chain ends, events may have been cut off: that is
    /// an error, unless something is refuted anyway.
    pub fn whole(self) -> Result<Self, Unusable> {
        match self.open.first() {
            Some(worker) if self.report.holds() => Err(Unusable::new(
                format!("the chain of {worker}"),
                "nothing says where it ends, so that events may have been cut off: its last page, got again, has a \
                 `head`; or give --head to `chain`",
            )),
            _ => Ok(self),
        }
    }
}

/// Verifies the chains of an export from their first events to where their pages say that they end, and that a single
/// one ends in `head`, if that is given. It is an error if there is nothing to verify.
pub fn verify(export: &Export, head: Option<Hash>) -> Result<Chains, Unusable> {
    let mut report = Report::default();
    let mut followed: BTreeMap<String, Followed> = BTreeMap::new();
    let mut events = Vec::with_capacity(export.items.len());
    for item in &export.items {
        match item.event() {
            Ok(event) => {
                let chain = followed.entry(event.worker.clone()).or_default();
                // Everything after a break is out of place; only the first break matters.
                if !chain.broken
                    && let Err(refuted) = chain.follow(&event)
                {
                    report.refuted.push(refuted);
                    chain.broken = true;
                }
                events.push(event);
            }
            Err(refuted) => {
                report.refuted.push(refuted);
                break;
            }
        }
    }
    if export.items.is_empty() {
        if head.is_none() && export.ends.iter().all(|end| end.head.is_none()) {
            return Err(Unusable::new("the export", "there is no event in it"));
        }
        report.refute(
            "the export",
            "there is no event in it, and the chain has some",
        );
    } else if report.holds()
        && let Err(refuted) = ends(&followed, export, head)
    {
        report.refuted.push(refuted);
    }
    if report.holds() {
        for (worker, chain) in &followed {
            report.verify(format!(
                "{worker}: {} events, {} of them with erased payloads or without; the last is {}",
                chain.seq,
                chain.erased,
                HEXLOWER.encode(&chain.hash)
            ));
        }
    }
    let told = |worker: &String| {
        let of_worker = |end: &PageEnd| end.head.is_some() && end.worker.as_ref() == Some(worker);
        head.is_some() || export.ends.iter().any(of_worker)
    };
    let open = followed.into_keys().filter(|worker| !told(worker));
    Ok(Chains {
        events,
        report,
        open: open.collect(),
    })
}

impl Followed {
    fn follow(&mut self, event: &Event) -> Result<(), Refuted> {
        let refuted = |why: String| Err(Refuted::new(&event.place, why));
        let next = self.seq + 1;
        if event.seq != next {
            return refuted(match event.seq {
                seq if seq > next => format!("seq {next} is missing before it"),
                seq if seq == self.seq && event.hash != self.hash => {
                    format!("the chain forks: there is another event of seq {seq}")
                }
                _ => format!("it is out of order: seq {next} should be here"),
            });
        }
        if event.prev != self.hash {
            return refuted(if next == 1 {
                "it should be the first, and names one before it".to_owned()
            } else {
                format!(
                    "it does not follow seq {}: it names {} as the hash before it, which is {}",
                    self.seq,
                    HEXLOWER.encode(&event.prev),
                    HEXLOWER.encode(&self.hash)
                )
            });
        }
        match (self.leaf, event.leaf_index) {
            (Some(before), Some(leaf)) if leaf <= before => {
                return refuted(format!(
                    "its place in the log, {leaf}, is not behind that of seq {}, {before}",
                    self.seq
                ));
            }
            (None, Some(_)) if self.seq > 0 => {
                return refuted(format!("it is in the log, and seq {} is not", self.seq));
            }
            _ => self.leaf = event.leaf_index,
        }
        self.seq = event.seq;
        self.hash = event.hash;
        self.erased += u64::from(event.opened.is_none());
        Ok(())
    }
}

/// Whether the chains end where their pages say, with no page missing at the end.
fn ends(
    followed: &BTreeMap<String, Followed>,
    export: &Export,
    head: Option<Hash>,
) -> Result<(), Refuted> {
    for (worker, chain) in followed {
        let mut pages = export.ends.iter().rev();
        let last = pages.find(|end| end.worker.as_ref() == Some(worker));
        if let Some(last) = last.filter(|last| last.is_continued) {
            return Err(Refuted::new(
                format!("{}, after seq {} of {worker}", last.place, chain.seq),
                "the export is cut off: the page that follows this one is missing",
            ));
        }
    }
    let claimed = export.ends.iter().filter_map(|end| {
        let head = end.head.as_ref()?;
        let hash = head.get("hash").and_then(Value::as_str);
        let seq = head.get("seq").and_then(Value::as_u64);
        let worker = end.worker.as_ref();
        Some((end.place.as_str(), worker, seq, hash.and_then(read_hash)))
    });
    let wanted = head.map(|head| ("the head given", None, None, Some(head)));
    for (place, worker, seq, hash) in claimed.chain(wanted) {
        let hash = hash.ok_or_else(|| Refuted::new(place, "its head has no hash"))?;
        let mut chains = followed.iter();
        let found = match worker {
            Some(worker) => chains.find(|(found, _)| *found == worker),
            None if followed.len() == 1 => chains.next(),
            None => None,
        };
        let Some((worker, chain)) = found else {
            return Err(Refuted::new(
                place,
                "a head is one chain's, and here are none or several",
            ));
        };
        if chain.hash != hash || seq.is_some_and(|seq| seq != chain.seq) {
            return Err(Refuted::new(
                format!("{place}, after seq {} of {worker}", chain.seq),
                format!(
                    "the chain is cut off or forked: it ends in {}, not in {}",
                    HEXLOWER.encode(&chain.hash),
                    HEXLOWER.encode(&hash)
                ),
            ));
        }
    }
    Ok(())
}
