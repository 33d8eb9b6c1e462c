//! How an agency logs in: several credentials, each with an access key and a secret of its own.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::id::{AgencyId, CredentialId};
use crate::time::Millis;

/// How many an agency can have at once.
pub const MOST_CREDENTIALS: usize = 10;
/// The same with those that were withdrawn lately.
const MOST_REMEMBERED: usize = 40;
/// For so long a repeat of the request that made it does not bring a withdrawn one back.
const WITHDRAWN_REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3_600);

/// What an agency is found by when it logs in: `hak_`, and both ids without prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    pub agency: AgencyId,
    pub credential: CredentialId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an access key that begins with hak_")]
pub struct NotAnAccessKey;

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hak_{}{}", self.agency.bare(), self.credential.bare())
    }
}

impl FromStr for AccessKey {
    type Err = NotAnAccessKey;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKey> {
        let bare = text
            .strip_prefix("hak_")
            .and_then(|ids| ids.split_at_checked(26));
        let (agency, credential) = bare.ok_or(NotAnAccessKey)?;
        Ok(Self {
            agency: AgencyId::from_bare(agency).map_err(|_| NotAnAccessKey)?,
            credential: CredentialId::from_bare(credential).map_err(|_| NotAnAccessKey)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub id: CredentialId,
    /// By which the agency tells one from another.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Hash,
    /// Of the request that added it.
    pub body_hash: Hash,
    /// The agency itself or an authority, by its id.
    pub added_by: String,
    pub added_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Millis>,
}

/// All of an agency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Rises by one with every change; 0 if there are none.
    #[serde(skip)]
    pub version: u64,
    /// Oldest first, with those that were withdrawn lately.
    pub all: Vec<Credential>,
}

/// Why credentials are not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChanged {
    /// Another request has used the same key.
    KeyReused,
    /// It was added by the same request, and withdrawn since.
    Withdrawn,
    TooMany,
    /// Without the last one the agency could not log in.
    Last,
    NotFound,
}

impl Credentials {
    /// Those that open sessions.
    pub fn live(&self) -> impl Iterator<Item = &Credential> {
        let all = self.all.iter();
        all.filter(|credential| credential.withdrawn_at.is_none())
    }

    /// One that opens sessions.
    pub fn get(&self, id: &CredentialId) -> Option<&Credential> {
        self.live().find(|credential| credential.id == *id)
    }

    /// With another one. `None` if the same request has added it before.
    pub fn with(&self, new: &Credential) -> Result<Option<Self>, NotChanged> {
        if let Some(before) = self.all.iter().find(|before| before.id == new.id) {
            return match before.withdrawn_at {
                _ if before.body_hash != new.body_hash => Err(NotChanged::KeyReused),
                Some(_) => Err(NotChanged::Withdrawn),
                None => Ok(None),
            };
        }
        let mut all = self.all.clone();
        let lately = new.added_at - WITHDRAWN_REMEMBERED;
        all.retain(|before| before.withdrawn_at.is_none_or(|at| at > lately));
        if self.live().count() >= MOST_CREDENTIALS || all.len() >= MOST_REMEMBERED {
            return Err(NotChanged::TooMany);
        }
        all.push(new.clone());
        Ok(Some(self.next(all)))
    }

    /// Without this one, which opens no sessions from then on. `None` if it was withdrawn before.
    pub fn without(
        &self,
        id: &CredentialId,
        may_be_last: bool,
        now: Millis,
    ) -> Result<Option<Self>, NotChanged> {
        let mut all = self.all.clone();
        let found = all.iter_mut().find(|credential| credential.id == *id);
        let found = found.ok_or(NotChanged::NotFound)?;
        if found.withdrawn_at.is_some() {
            return Ok(None);
        }
        if self.live().count() == 1 && !may_be_last {
            return Err(NotChanged::Last);
        }
        found.withdrawn_at = Some(now);
        Ok(Some(self.next(all)))
    }

    fn next(&self, all: Vec<Credential>) -> Self {
        let version = self.version + 1;
        Self { version, all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn credential(n: u8) -> Credential {
        Credential {
            id: CredentialId::from_bytes(&[n; 8]),
            name: "前台".to_owned(),
            secret_hash: Hash([n; 32]),
            body_hash: Hash([n; 32]),
            added_by: "agy_x".to_owned(),
            added_at: NOW,
            withdrawn_at: None,
        }
    }

    fn with(all: &Credentials, n: u8) -> Credentials {
        all.with(&credential(n)).unwrap().unwrap()
    }

    #[test]
    fn an_access_key_names_the_agency_and_the_credential() {
        let key = AccessKey {
            agency: AgencyId::from_bytes(&[0xff; 16]),
            credential: CredentialId::from_bytes(&[0; 8]),
        };
        let text = "hak_zzzzzzzzzzzzzzzzzzzzzzzzzw0000000000000";
        assert_eq!(key.to_string(), text);
        assert_eq!(text.parse(), Ok(key));
        for wrong in [
            "",
            "hak_",
            &text[1..],
            &text[..42],
            "hak_家",
            &format!("{text}0"),
        ] {
            assert_eq!(wrong.parse::<AccessKey>(), Err(NotAnAccessKey), "{wrong}");
        }
    }

    #[test]
    fn one_that_was_withdrawn_does_not_come_back() {
        let both = with(&with(&Credentials::default(), 1), 2);
        assert_eq!(both.with(&credential(1)), Ok(None), "a repeat");
        let mut other = credential(1);
        other.body_hash = Hash([9; 32]);
        assert_eq!(both.with(&other), Err(NotChanged::KeyReused));

        let first = credential(1).id;
        let left = both.without(&first, false, NOW).unwrap().unwrap();
        assert_eq!((left.version, left.get(&first)), (3, None));
        assert_eq!(left.without(&first, false, NOW), Ok(None), "a repeat");
        assert_eq!(left.with(&credential(1)), Err(NotChanged::Withdrawn));
        let unknown = credential(7).id;
        assert_eq!(left.without(&unknown, true, NOW), Err(NotChanged::NotFound));
    }

    #[test]
    fn an_agency_does_not_lock_itself_out() {
        let only = with(&Credentials::default(), 1);
        let id = credential(1).id;
        assert_eq!(only.without(&id, false, NOW), Err(NotChanged::Last));
        let none = only.without(&id, true, NOW).unwrap().unwrap();
        assert_eq!(none.live().count(), 0);
    }

    #[test]
    fn there_are_ten_at_once_and_forty_in_a_while() {
        let mut all = Credentials::default();
        for n in 0..10 {
            all = with(&all, n);
        }
        assert_eq!(all.with(&credential(10)), Err(NotChanged::TooMany));
        for n in 10..40 {
            let id = credential(n - 1).id;
            all = all.without(&id, false, NOW).unwrap().unwrap();
            all = with(&all, n);
        }
        all = all
            .without(&credential(39).id, false, NOW)
            .unwrap()
            .unwrap();
        assert_eq!(all.with(&credential(40)), Err(NotChanged::TooMany));
        let mut later = credential(40);
        later.added_at = NOW + WITHDRAWN_REMEMBERED;
        let all = all.with(&later).unwrap().unwrap();
        assert_eq!(
            all.all.len(),
            10,
            "what was withdrawn long ago is forgotten"
        );
    }
}
