//! A worker's history: an append-only chain of events, each with the hash of the one before.
//!
//! The chain holds no personal data. The payload, which is what an event is about, is stored apart under the person's
//! own key; the chain holds a commitment to it. So the payload can be erased and the chain still verifies.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{AgencyId, AuthorityId, MemberId, SourceId, WorkerId};
use crate::time::Millis;

/// Keeps these hashes apart from hashes of anything else.
const DOMAIN: &[u8] = b"homehail-event-v1\0";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What happened to a worker's record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind {
            $($(#[$doc])* $name,)+
        }

        impl EventKind {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

kinds! {
    /// An agency registered her.
    Registered = "registered",
    /// She agreed to the processing of her data.
    ConsentGiven = "consent_given",
    /// She withdrew that consent.
    ConsentWithdrawn = "consent_withdrawn",
    /// The authority approved, rejected, suspended or reinstated her.
    Reviewed = "reviewed",
    /// A section of her record was entered by hand.
    SectionResult = "section_result",
    /// She works for another agency now.
    EmployerChanged = "employer_changed",
    /// A badge was issued to her.
    BadgeIssued = "badge_issued",
    /// A badge was suspended or reinstated.
    BadgeSuspended = "badge_suspended",
    /// A badge was revoked.
    BadgeRevoked = "badge_revoked",
    /// The customer scanned her badge at the door, and it matched.
    CheckIn = "check_in",
    Complaint = "complaint",
    /// A recorded mistake was corrected.
    Correction = "correction",
    /// She asked to have her personal data erased.
    ErasureRequested = "erasure_requested",
    /// She thought better of it.
    ErasureCalledOff = "erasure_called_off",
    /// Her personal data was erased.
    Redaction = "redaction",
    /// A source's batch changed her sections.
    FeedApplied = "feed_applied",
}

/// Who did something. Of events from before members had ids, the member is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ActorFields", into = "ActorFields")]
pub enum Actor {
    Agency(AgencyId, Option<MemberId>),
    Authority(AuthorityId, Option<MemberId>),
    Worker(WorkerId),
    /// Which customer stays out of a chain that nobody can erase; the payload names the order.
    Customer,
    Feed(SourceId),
    /// The platform by itself.
    Platform,
}

/// An actor among the fields of an event. An absent member is left out, so that events of before keep their hashes.
#[derive(Serialize, Deserialize)]
struct ActorFields {
    actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<MemberId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an agency's, authority's or worker's id, feed:<source>, customer or platform")]
pub struct NotAnActor;

impl Actor {
    /// From whose name it was done in, as [`Display`](fmt::Display) writes it, and the member who did it.
    pub fn new(text: &str, member: Option<MemberId>) -> Result<Self, NotAnActor> {
        if let Ok(agency) = text.parse() {
            return Ok(Self::Agency(agency, member));
        }
        if let Ok(authority) = text.parse() {
            return Ok(Self::Authority(authority, member));
        }
        let known = match text {
            "customer" => Some(Self::Customer),
            "platform" => Some(Self::Platform),
            _ => match text.split_once(':') {
                Some(("feed", source)) => source.parse().ok().map(Self::Feed),
                Some(_) => None,
                None => text.parse().ok().map(Self::Worker),
            },
        };
        known.filter(|_| member.is_none()).ok_or(NotAnActor)
    }

    pub fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Agency(_, member) | Self::Authority(_, member) => member.as_ref(),
            _ => None,
        }
    }
}

/// Without the member.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(id, _) => id.fmt(f),
            Self::Authority(id, _) => id.fmt(f),
            Self::Worker(id) => id.fmt(f),
            Self::Customer => f.write_str("customer"),
            Self::Feed(source) => write!(f, "feed:{source}"),
            Self::Platform => f.write_str("platform"),
        }
    }
}

impl TryFrom<ActorFields> for Actor {
    type Error = NotAnActor;

    fn try_from(fields: ActorFields) -> Result<Self, NotAnActor> {
        Self::new(&fields.actor, fields.member)
    }
}

impl From<Actor> for ActorFields {
    fn from(actor: Actor) -> Self {
        Self {
            actor: actor.to_string(),
            member: actor.member().cloned(),
        }
    }
}

/// SHA-256 as chains have it: 64 lower-case hexadecimal digits in JSON. Upper case is read too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Stands before the first event of a chain.
    pub const NONE: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes());
        let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(NotAHash)
    }
}

impl TryFrom<String> for Hash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainEvent {
    pub worker: WorkerId,
    /// From 1, without gaps.
    pub seq: u64,
    #[serde(with = "crate::time::rfc3339")]
    pub at: Millis,
    pub kind: EventKind,
    #[serde(flatten)]
    pub actor: Actor,
    /// HMAC-SHA-256 of the payload, see [`commitment`].
    pub payload_commitment: Hash,
    /// The hash of the event before, [`Hash::NONE`] for the first.
    pub prev: Hash,
}

impl ChainEvent {
    /// SHA-256 of `homehail-event-v1`, a zero byte, and the event's canonical JSON (RFC 8785).
    pub fn hash(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(DOMAIN);
        context.update(&canonical_of(self));
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Hash(hash)
    }
}

/// Where a chain ends: what the next event follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of events so far.
    pub seq: u64,
    pub hash: Hash,
}

impl Head {
    /// The head of a chain without events.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: Hash::NONE,
    };
}

/// The commitment to a payload: HMAC-SHA-256 of its canonical JSON (RFC 8785) under a secret salt. Whoever knows the
/// salt can check a payload; once the salt is gone, nobody can guess payloads until one fits.
pub fn commitment(salt: &[u8; 32], payload: &Value) -> Hash {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
    let mut hash = [0; 32];
    hash.copy_from_slice(hmac::sign(&key, &canonical_of(payload)).as_ref());
    Hash(hash)
}

fn canonical_of(value: &impl Serialize) -> Vec<u8> {
    // Maps with text keys, texts and whole numbers can always be written.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> ChainEvent {
        ChainEvent {
            worker: WorkerId::from_bytes(&[0; 16]),
            seq: 1,
            at: Millis(1_769_821_200_000),
            kind: EventKind::Registered,
            actor: Actor::Agency(AgencyId::from_bytes(&[0; 16]), None),
            payload_commitment: Hash([0xab; 32]),
            prev: Hash::NONE,
        }
    }

    fn by_member() -> Actor {
        let agency = AgencyId::from_bytes(&[0; 16]);
        let member = MemberId::from_bare("0808080808080").unwrap();
        Actor::Agency(agency, Some(member))
    }

    #[test]
    fn a_hash_is_64_hexadecimal_digits_and_written_in_small_ones() {
        let hash = Hash([0xab; 32]);
        for text in ["ab".repeat(32), "AB".repeat(32), "aB".repeat(32)] {
            let read: Hash = text.parse().unwrap();
            assert_eq!((read, read.to_string()), (hash, "ab".repeat(32)));
        }
        for text in ["", "ab", &"ab".repeat(33), &"ag".repeat(32)] {
            assert_eq!(text.parse::<Hash>(), Err(NotAHash), "{text}");
        }
    }

    #[test]
    fn an_event_is_hashed_as_written_down() {
        let canonical = String::from_utf8(canonical_of(&event())).unwrap();
        let expected = format!(
            r#"{{"actor":"agy_00000000000000000000000000","at":"2026-01-31T01:00:00.000Z","kind":"registered","payload_commitment":"{}","prev":"{}","seq":1,"worker":"wkr_00000000000000000000000000"}}"#,
            "ab".repeat(32),
            "00".repeat(32),
        );
        assert_eq!(canonical, expected);
        let mut context = Context::new(&SHA256);
        context.update(format!("homehail-event-v1\0{expected}").as_bytes());
        assert_eq!(event().hash().0, context.finish().as_ref());
        let read: ChainEvent = serde_json::from_str(&canonical).unwrap();
        assert_eq!(read, event());

        let mut of_member = event();
        of_member.actor = by_member();
        let canonical = String::from_utf8(canonical_of(&of_member)).unwrap();
        let named = r#""kind":"registered","member":"mem_0808080808080","payload"#;
        let expected = expected.replace(r#""kind":"registered","payload"#, named);
        assert_eq!(canonical, expected);
        let read: ChainEvent = serde_json::from_str(&canonical).unwrap();
        assert_eq!(read, of_member);
    }

    #[test]
    fn whatever_changes_changes_the_hash() {
        let hash = event().hash();
        let changes: [fn(&mut ChainEvent); 8] = [
            |event| event.worker = WorkerId::from_bytes(&[1; 16]),
            |event| event.seq = 2,
            |event| event.at.0 += 1,
            |event| event.kind = EventKind::Reviewed,
            |event| event.actor = Actor::Platform,
            |event| event.actor = by_member(),
            |event| event.payload_commitment = Hash::NONE,
            |event| event.prev = Hash([1; 32]),
        ];
        for change in changes {
            let mut changed = event();
            change(&mut changed);
            assert_ne!(changed.hash(), hash);
        }
    }

    #[test]
    fn actors_and_kinds_keep_their_names() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.as_str()), Some(*kind));
            let json = serde_json::to_string(kind).unwrap();
            assert_eq!(json, format!("\"{}\"", kind.as_str()));
        }
        for actor in [
            Actor::Agency(AgencyId::from_bytes(&[1; 16]), None),
            by_member(),
            Actor::Authority("aut_bureau".parse().unwrap(), None),
            Actor::Worker(WorkerId::from_bytes(&[1; 16])),
            Actor::Customer,
            Actor::Feed("harbin-credit".parse().unwrap()),
            Actor::Platform,
        ] {
            let (text, member) = (actor.to_string(), actor.member().cloned());
            assert_eq!(Actor::new(&text, member), Ok(actor));
        }
        for text in ["", "somebody", "feed:", "feed:A", "cus_1"] {
            assert_eq!(Actor::new(text, None), Err(NotAnActor), "{text}");
        }
        let member = by_member().member().cloned();
        assert_eq!(Actor::new("platform", member), Err(NotAnActor));
    }

    #[test]
    fn a_commitment_is_to_the_payload_however_it_is_written() {
        let salt = [7; 32];
        let a: Value = serde_json::from_str(r#"{"b": 1, "a": "张"}"#).unwrap();
        assert_eq!(
            commitment(&salt, &a),
            commitment(&salt, &json!({"a": "张", "b": 1}))
        );
        assert_ne!(commitment(&salt, &a), commitment(&[8; 32], &a));
        assert_ne!(
            commitment(&salt, &a),
            commitment(&salt, &json!({"a": "张"}))
        );
    }
}
