//! Simulates a source of credit records, such as the Ministry's platform: makes batches for
//! `/v1/credit-feeds`, which are a signed manifest and parts of JSON Lines.
//!
//! The caller provides the rows and sends the batch.

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use domain::feed::{manifest_hash, signed_form};
use domain::time::Millis;
use serde_json::{Value, json};

/// The largest part in bytes. The route accepts 4 MiB.
const PART_BYTES: usize = 4_000_000;

pub struct FeedSource {
    name: String,
    pair: Ed25519KeyPair,
}

/// One entry for one section of one worker's credit record.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub id_number: String,
    pub section: &'static str,
    /// `clear`, `flagged`, `pending`, `unknown` or `withheld`.
    pub state: &'static str,
    pub as_of: Millis,
    pub valid_from: Option<Millis>,
    /// The first moment at which the entry is no longer valid.
    pub valid_until: Option<Millis>,
    /// The source's own name of the entry, such as a policy number.
    pub reference: Option<String>,
}

/// A batch's id and its position among the batches of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPosition {
    pub batch_id: String,
    /// Counts from 1.
    pub seq: u64,
    /// [`SignedBatch::hash`] of the previous batch; `None` for the first.
    pub prev_sha256: Option<String>,
    pub as_of: Millis,
}

#[derive(Clone, Debug)]
pub struct SignedBatch {
    /// The body of `POST /v1/credit-feeds/{source}/batches`.
    pub announcement: Value,
    /// The bodies of `PUT …/batches/{batch_id}/parts/{n}`, n from 1.
    pub parts: Vec<Vec<u8>>,
    /// `prev_sha256` of the next batch.
    pub hash: String,
}

impl FeedSource {
    /// The source signs with the Ed25519 key of this seed.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok();
        Ok(Self {
            name: name.to_owned(),
            pair: pair.context("the cryptographic library refuses a key")?,
        })
    }

    pub fn batch(&self, position: &BatchPosition, rows: &[FeedRow]) -> SignedBatch {
        let parts = parts(rows);
        let manifest = json!({
            "source": self.name,
            "batch_id": position.batch_id,
            "seq": position.seq,
            "prev_sha256": position.prev_sha256,
            "as_of": position.as_of.to_rfc3339(),
            "rows": rows.len(),
            "parts": parts.len(),
            "sha256": sha256(&parts.concat()),
            "part_sha256": parts.iter().map(|part| sha256(part)).collect::<Vec<_>>(),
        });
        let signed = signed_form(&manifest);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(&signed).as_ref());
        SignedBatch {
            announcement: json!({ "manifest": manifest, "signature": signature }),
            parts,
            hash: HEXLOWER.encode(&manifest_hash(&signed).0),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

impl FeedRow {
    fn line(&self) -> String {
        let mut row = json!({
            "worker": { "id_number": self.id_number },
            "section": self.section,
            "state": self.state,
            "as_of": self.as_of.to_rfc3339(),
        });
        let times = [
            ("valid_from", self.valid_from),
            ("valid_until", self.valid_until),
        ];
        for (name, at) in times {
            if let Some(at) = at {
                row[name] = Value::from(at.to_rfc3339());
            }
        }
        if let Some(reference) = &self.reference {
            row["reference"] = Value::from(reference.as_str());
        }
        format!("{row}\n")
    }
}

/// Shows no personal data.
impl std::fmt::Debug for FeedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedRow")
    }
}

/// The rows in as few parts as possible, at least one.
fn parts(rows: &[FeedRow]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    for row in rows {
        let line = row.line().into_bytes();
        match parts.last_mut() {
            Some(part) if part.len() + line.len() <= PART_BYTES => part.extend(line),
            _ => parts.push(line),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::KeyPair;
    use domain::credit::CreditRules;
    use domain::feed::{CreditSources, Manifest, RowRules, rows_of};

    use super::*;
    use crate::{SECTIONS, SOURCE};

    fn row(n: usize) -> FeedRow {
        FeedRow {
            id_number: format!("23010319900101{n:04}"),
            section: "dishonesty",
            state: "clear",
            as_of: Millis(1_767_225_600_000),
            valid_from: None,
            valid_until: None,
            reference: Some("r".repeat(60)),
        }
    }

    fn position() -> BatchPosition {
        BatchPosition {
            batch_id: "day-1".to_owned(),
            seq: 1,
            prev_sha256: None,
            as_of: Millis(1_767_225_600_000),
        }
    }

    #[test]
    fn a_batch_is_signed_by_its_source() {
        let seed = [7; 32];
        let batch = FeedSource::new(SOURCE, &seed).unwrap();
        let batch = batch.batch(&position(), &[row(1), row(2)]);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let sources = json!([{ "source": SOURCE, "public_key": key, "sections": SECTIONS }]);
        let sources = CreditSources::from_json(&sources.to_string()).unwrap();
        let source = sources.get(&SOURCE.parse().unwrap()).unwrap();
        let signed = signed_form(&batch.announcement["manifest"]);
        let signature = batch.announcement["signature"].as_str().unwrap();
        assert!(source.has_signed(&signed, signature));
        let manifest: Manifest =
            serde_json::from_value(batch.announcement["manifest"].clone()).unwrap();
        assert_eq!((manifest.rows, manifest.parts), (2, 1));
        assert_eq!(source.sections.len(), 9);
    }

    #[test]
    fn rows_are_split_into_parts_only_between_rows() {
        let rows: Vec<FeedRow> = (0..30_000).map(row).collect();
        let batch = FeedSource::new(SOURCE, &[7; 32]).unwrap();
        let batch = batch.batch(&position(), &rows);
        assert_eq!(batch.parts.len(), 2);
        assert!(
            batch
                .parts
                .iter()
                .all(|part| part.len() <= PART_BYTES && part.ends_with(b"\n"))
        );
        let lines: usize = batch
            .parts
            .iter()
            .map(|part| rows_of(part, 0).0.len())
            .sum();
        assert_eq!(lines, 30_000);
    }

    #[test]
    fn the_feed_can_parse_a_row() {
        let row = FeedRow {
            id_number: domain::check::IdNumber::complete("23010319900101123")
                .unwrap()
                .as_str()
                .to_owned(),
            valid_until: Some(Millis(1_800_000_000_000)),
            ..row(0)
        };
        let sections = [domain::credit::Section::Dishonesty];
        let rules = RowRules::new(&sections, &CreditRules::default(), row.as_of);
        let (number, read) = rules.parse(1, row.line().trim_end().as_bytes()).unwrap();
        assert_eq!(number.as_str(), row.id_number);
        assert_eq!(read.valid_until, row.valid_until);
        assert_eq!(read.reference, row.reference);
    }
}
