//! Ids: opaque to clients, one type for each kind of thing.
//!
//! `<prefix>_<characters>`, in lower-case Crockford base32 (no `i`, `l`, `o`, `u`) without padding: 26
//! characters carry 128 bits, 13 carry 64. The authority's id is a name that the operator gives.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("0123456789abcdefghjkmnpqrstvwxyz");
    #[expect(
        clippy::expect_used,
        reason = "32 distinct symbols are an encoding; a test uses it"
    )]
    specification.encoding().expect("32 distinct symbols")
});

/// Bytes in lower-case Crockford base32, as ids are written.
pub fn base32(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// Text that is not an id of the kind wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct NotAnId {
    prefix: &'static str,
}

impl NotAnId {
    fn text(self) -> String {
        if self.prefix.is_empty() {
            "must be 1 to 40 of a to z, 0 to 9 and -".to_owned()
        } else {
            format!("must be an id that begins with {}", self.prefix)
        }
    }
}

/// What all id types share: text with the prefix, as `Display`, `FromStr` and serde.
macro_rules! text {
    ($name:ident, $prefix:literal) => {
        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// Without the prefix, for keys whose place already says what it is.
            pub fn bare(&self) -> &str {
                self.0.get(Self::PREFIX.len()..).unwrap_or_default()
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// From the characters behind the prefix.
            pub fn from_bare(bare: &str) -> Result<Self, NotAnId> {
                Self::is_bare(bare)
                    .then(|| Self(format!("{}{bare}", Self::PREFIX)))
                    .ok_or(NotAnId { prefix: $prefix })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(Self::PREFIX)
                    .filter(|bare| Self::is_bare(bare))
                    .map(|_| Self(text.to_owned()))
                    .ok_or(NotAnId { prefix: $prefix })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id that carries these bytes.
            pub fn from_bytes(bytes: &[u8; $bytes]) -> Self {
                Self(format!("{}{}", Self::PREFIX, base32(bytes)))
            }

            fn is_bare(bare: &str) -> bool {
                // Decoding checks the alphabet and that unused bits are zero, so that an id has one text only.
                BASE32
                    .decode(bare.as_bytes())
                    .is_ok_and(|bytes| bytes.len() == $bytes)
            }
        }

        text!($name, $prefix);
    };
}

id! {
    AgencyId, "agy_", 16
}

id! {
    StoreId, "sto_", 8
}

id! {
    /// One of the ways in which a member logs in; a part of its access key.
    CredentialId, "crd_", 8
}

id! {
    /// A person of an agency or of the authority.
    MemberId, "mem_", 8
}

id! {
    OrderId, "ord_", 16
}

id! {
    CustomerId, "cus_", 16
}

id! {
    /// A customer as one agency knows them: a hash of both, so that no two agencies can find out that they have the same one.
    /// No agency is ever shown the [`CustomerId`], 128 bits that it cannot guess, so that it can make none of these either.
    AgencyCustomerId, "acu_", 16
}

id! {
    /// A worker: a keyed hash of her ID number. A person has one id for ever, whichever agency registers her, and
    /// whoever has the number and the key finds her without a table.
    WorkerId, "wkr_", 16
}

id! {
    /// A badge: 64 unpredictable bits, as its token carries them.
    BadgeId, "bdg_", 8
}

id! {
    /// An event of a worker's chain: a hash of what caused it, so that a repeat of the cause makes the same one.
    EventId, "evt_", 16
}

id! {
    /// What an agency wants of one worker: a hash of both, so that there is one at a time.
    ProposalId, "prp_", 16
}

id! {
    /// A complaint: its order's id under another prefix, since an order has one at most.
    ComplaintId, "cmp_", 16
}

impl ComplaintId {
    pub fn of(order: &OrderId) -> Self {
        Self(format!("{}{}", Self::PREFIX, order.bare()))
    }

    pub fn order(&self) -> OrderId {
        OrderId(format!("{}{}", OrderId::PREFIX, self.bare()))
    }
}

impl ProposalId {
    pub fn new(worker: &WorkerId, agency: &AgencyId) -> Self {
        let parts = ["homehail-proposal-id-v1", worker.as_str(), agency.as_str()];
        Self::from_bytes(&hash(&parts))
    }
}

impl AgencyCustomerId {
    pub fn new(agency: &AgencyId, customer: &CustomerId) -> Self {
        let domain = "homehail-agency-customer-id-v1";
        Self::from_bytes(&hash(&[domain, agency.as_str(), customer.as_str()]))
    }
}

impl MemberId {
    /// The one from the beginning, of an agency or the authority with this id.
    pub fn first(team: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = hash(&["homehail-first-member-id-v1", team]);
        Self::from_bytes(&[a, b, c, d, e, f, g, h])
    }
}

impl BadgeId {
    /// The bytes that a token carries.
    pub fn to_bytes(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        // The text was checked when it became an id, so it can be decoded.
        if let Ok(decoded) = BASE32.decode(self.bare().as_bytes())
            && decoded.len() == bytes.len()
        {
            bytes.copy_from_slice(&decoded);
        }
        bytes
    }
}

impl EventId {
    /// The event of this kind with this cause.
    pub fn from_cause(kind: &str, cause: &[&str]) -> Self {
        let domain = ["homehail-event-id-v1", kind];
        Self::from_bytes(&hash(domain.iter().chain(cause)))
    }
}

/// The first half of the SHA-256 of all parts, each preceded by its length.
fn hash<'a>(parts: impl IntoIterator<Item = &'a &'a str>) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    bytes
}

/// The authority, by the name that the operator chose: 1 to 40 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuthorityId(String);

impl AuthorityId {
    fn is_bare(bare: &str) -> bool {
        (1..=40).contains(&bare.len())
            && bare
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

text!(AuthorityId, "aut_");

/// A source of credit records, by the name that the operator chose: 1 to 40 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceId(String);

impl SourceId {
    fn is_bare(bare: &str) -> bool {
        AuthorityId::is_bare(bare)
    }
}

text!(SourceId, "");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_base32_of_their_bytes() {
        let zero = OrderId::from_bytes(&[0; 16]);
        assert_eq!(zero.to_string(), "ord_00000000000000000000000000");
        let ones = AgencyId::from_bytes(&[0xff; 16]);
        assert_eq!(ones.to_string(), "agy_zzzzzzzzzzzzzzzzzzzzzzzzzw");
        assert_eq!(ones.bare(), "zzzzzzzzzzzzzzzzzzzzzzzzzw");
        assert_eq!(StoreId::from_bytes(&[1; 8]).bare().len(), 13);
        assert_eq!(AgencyId::from_bare(ones.bare()), Ok(ones));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "ord_",
            "ord_0000000000000000000000000",
            "ord_000000000000000000000000000",
            "agy_00000000000000000000000000",
            "00000000000000000000000000",
            "ord_0000000000000000000000000l",
            "ord_0000000000000000000000000A",
            // The last character's lowest two bits carry nothing and must be zero.
            "ord_00000000000000000000000001",
            "ord_零0000000000000000000000000",
        ] {
            let error = text.parse::<OrderId>().unwrap_err();
            assert_eq!(error.to_string(), "must be an id that begins with ord_");
        }
    }

    #[test]
    fn json_is_checked_too() {
        let id: AgencyId = serde_json::from_str(r#""agy_00000000000000000000000000""#).unwrap();
        assert_eq!(id, AgencyId::from_bytes(&[0; 16]));
        assert_eq!(
            serde_json::to_string(&id).unwrap(),
            r#""agy_00000000000000000000000000""#
        );
        assert!(serde_json::from_str::<AgencyId>(r#""agy_1""#).is_err());
    }

    #[test]
    fn an_event_has_the_id_of_its_cause() {
        let id = EventId::from_cause("feed_applied", &["harbin", "batch-1", "wkr_1"]);
        assert_eq!(
            id,
            EventId::from_cause("feed_applied", &["harbin", "batch-1", "wkr_1"])
        );
        for other in [
            EventId::from_cause("section_result", &["harbin", "batch-1", "wkr_1"]),
            EventId::from_cause("feed_applied", &["harbin", "batch-1w", "kr_1"]),
            EventId::from_cause("feed_applied", &["harbin", "batch-1"]),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_badge_id_gives_its_bytes_back() {
        let bytes = [0x00, 0xff, 1, 2, 3, 4, 5, 0x80];
        assert_eq!(BadgeId::from_bytes(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn a_source_is_named_by_the_operator() {
        assert!("harbin-credit".parse::<SourceId>().is_ok());
        let error = "Harbin".parse::<SourceId>().unwrap_err();
        assert_eq!(error.to_string(), "must be 1 to 40 of a to z, 0 to 9 and -");
    }

    #[test]
    fn the_authority_is_named_by_the_operator() {
        let bureau: AuthorityId = "aut_harbin-commerce".parse().unwrap();
        assert_eq!(bureau.bare(), "harbin-commerce");
        for text in [
            "aut_",
            "aut_Harbin",
            "aut_a b",
            &format!("aut_{}", "x".repeat(41)),
        ] {
            assert!(text.parse::<AuthorityId>().is_err(), "{text}");
        }
    }
}
