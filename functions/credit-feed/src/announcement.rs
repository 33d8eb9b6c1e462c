//! A batch's announcement, `{"manifest", "signature"}`: its signature is verified before it is read.

use domain::chain::Hash;
use domain::feed::{CLOCKS_DIFFER, CreditSources, MOST_PARTS, MOST_ROWS, Manifest, signed_form};
use domain::id::SourceId;
use domain::time::Millis;
use runtime::http::JsonBody;
use runtime::{Fields, Problem};
use serde_json::Value;

use crate::answer;

/// The largest whole number that every JSON reader takes exactly.
const LARGEST: i64 = (1 << 53) - 1;

/// A signed manifest that has not been read yet.
pub(crate) struct Announcement {
    /// The bytes that were signed.
    pub(crate) signed_form: Vec<u8>,
    /// As it was given.
    pub(crate) signature: String,
}

impl Announcement {
    /// Finds the source, and verifies its signature.
    ///
    /// # Errors
    /// 422 without manifest or signature; 401 `bad-signature` both for an unknown source and for a wrong signature.
    pub(crate) fn authenticate(
        body: &JsonBody,
        source: &str,
        sources: &CreditSources,
    ) -> Result<(SourceId, Self), Problem> {
        let (signed_form, signature) = body.read(|fields| {
            let manifest = fields.required("manifest");
            if manifest.is_some_and(|manifest| !manifest.is_object()) {
                fields.refuse("manifest", "must be an object");
            }
            let signature = fields.string("signature", 1..=200);
            Some((signed_form(manifest?), signature?))
        })?;
        let source: Option<SourceId> = source.parse().ok();
        let known = source.and_then(|source| sources.get(&source).map(|keys| (source, keys)));
        match known {
            Some((source, keys)) if keys.has_signed(&signed_form, &signature) => {
                let announcement = Self {
                    signed_form,
                    signature,
                };
                Ok((source, announcement))
            }
            _ => Err(answer::bad_signature()),
        }
    }

    /// Reads the manifest; 422 with all faults.
    pub(crate) fn manifest(
        &self,
        body: &JsonBody,
        source: &SourceId,
        now: Millis,
    ) -> Result<Manifest, Problem> {
        body.read(|fields| {
            fields.given("signature");
            fields.object("manifest", |manifest| read(manifest, source, now))
        })
    }
}

fn read(fields: &mut Fields<'_>, source: &SourceId, now: Millis) -> Option<Manifest> {
    let named: Option<SourceId> = fields.parsed("source");
    if named.as_ref().is_some_and(|named| named != source) {
        fields.refuse("source", "must be the source in the path");
    }
    let batch_id = fields.parsed("batch_id");
    let seq = fields.integer("seq", 1..=LARGEST);
    let prev = fields.given("prev_sha256").map(hash);
    if let Some(Err(detail)) = &prev {
        fields.refuse("prev_sha256", detail);
    }
    let as_of = fields.time("as_of");
    if as_of.is_some_and(|as_of| as_of > now + CLOCKS_DIFFER) {
        fields.refuse("as_of", "is in the future");
    }
    let rows = fields.integer("rows", 1..=MOST_ROWS.into());
    let parts = fields.integer("parts", 1..=MOST_PARTS.into());
    let sha256 = fields.parsed("sha256");
    let part_sha256: Option<Vec<Hash>> = fields.parsed_list("part_sha256", 1..=MOST_PARTS as usize);
    if let (Some(parts), Some(hashes)) = (parts, &part_sha256)
        && usize::try_from(parts) != Ok(hashes.len())
    {
        fields.refuse("part_sha256", "must have a hash for each part");
    }
    Some(Manifest {
        source: named?,
        batch_id: batch_id?,
        seq: u64::try_from(seq?).ok()?,
        prev_sha256: prev.transpose().ok()?,
        as_of: as_of?,
        rows: u32::try_from(rows?).ok()?,
        parts: u32::try_from(parts?).ok()?,
        sha256: sha256?,
        part_sha256: Some(part_sha256?),
    })
}

fn hash(value: &Value) -> Result<Hash, String> {
    let text = value.as_str().ok_or("must be a string")?;
    text.parse()
        .map_err(|fault: domain::chain::NotAHash| fault.to_string())
}
