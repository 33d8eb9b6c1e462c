//! Where what is in the table `directory`.

use domain::geo::{Cell4, Cell5};
use domain::id::{AgencyId, StoreId};
use domain::member::TeamId;
use domain::time::Millis;

use super::Directory;
use crate::Error;
use crate::table::{Index, ItemKey, Key, Partition};

/// Sort key of an agency's own item.
pub(crate) const AGENCY: &str = "agency";
/// What sort keys of stores begin with.
pub(super) const STORE: &str = "store#";

/// What waits for the authority.
pub(super) static BY_REVIEW: Index<Directory> = Index::new("by-review", "wait", "since", |key| {
    parse_agency(&key.pk).is_some() && (key.sk == AGENCY || parse_store(&key.sk).is_some())
});

impl Key<Directory> {
    pub(crate) fn agency(agency: &AgencyId) -> Self {
        Self::new(agency_pk(agency), AGENCY)
    }

    pub(super) fn store(agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(agency_pk(agency), format!("{STORE}{}", store.bare()))
    }

    pub(super) fn uscc(uscc: &str) -> Self {
        Self::new(format!("U#{uscc}"), "uscc")
    }

    /// Members and their credentials.
    pub(super) fn team(team: &TeamId) -> Self {
        Self::new(format!("L#{}", team_name(team)), "credentials")
    }

    pub(super) fn deed(team: &TeamId, at: Millis, cause: &str) -> Self {
        Self::new(deeds_pk(team), format!("{:013}#{cause}", at.0))
    }

    /// Wrong secrets, under the lowest 20 bits of a hash.
    pub(super) fn wrong_secrets(hash: u32) -> Self {
        Self::new(format!("T#{:05x}", hash & 0xf_ffff), "wrong-secrets")
    }

    pub(super) fn authority(access_key: &str) -> Self {
        Self::new(format!("K#{access_key}"), "authority")
    }

    /// A store in a cell that its disc touches.
    pub(super) fn disc_cell(cell: &Cell5, agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(disc_cell_pk(cell), in_cell(agency, store))
    }

    /// A store in the larger cell that holds it.
    pub(super) fn home_cell(cell: &Cell4, agency: &AgencyId, store: &StoreId) -> Self {
        Self::new(home_cell_pk(cell), in_cell(agency, store))
    }
}

impl Partition<Directory> {
    /// An agency and its stores.
    pub(super) fn agency(agency: &AgencyId) -> Self {
        Self::new(agency_pk(agency), "")
    }

    /// An audit trail.
    pub(super) fn deeds(team: &TeamId) -> Self {
        Self::new(deeds_pk(team), "")
    }

    pub(super) fn disc_cell(cell: &Cell5) -> Self {
        Self::new(disc_cell_pk(cell), "")
    }

    pub(super) fn home_cell(cell: &Cell4) -> Self {
        Self::new(home_cell_pk(cell), "")
    }
}

fn agency_pk(agency: &AgencyId) -> String {
    format!("A#{}", agency.bare())
}

fn deeds_pk(team: &TeamId) -> String {
    format!("D#{}", team_name(team))
}

/// The authority's with its prefix: its name could look like an agency's id.
fn team_name(team: &TeamId) -> &str {
    match team {
        TeamId::Agency(agency) => agency.bare(),
        TeamId::Authority(authority) => authority.as_str(),
    }
}

fn disc_cell_pk(cell: &Cell5) -> String {
    format!("C#{}", cell.as_str())
}

fn home_cell_pk(cell: &Cell4) -> String {
    format!("H#{}", cell.as_str())
}

fn in_cell(agency: &AgencyId, store: &StoreId) -> String {
    format!("{}#{}", agency.bare(), store.bare())
}

pub(super) fn parse_agency(pk: &str) -> Option<AgencyId> {
    AgencyId::from_bare(pk.strip_prefix("A#")?).ok()
}

pub(super) fn parse_store(sk: &str) -> Option<StoreId> {
    StoreId::from_bare(sk.strip_prefix(STORE)?).ok()
}

/// Agency and store of an item in a cell.
pub(super) fn parse_in_cell(key: &ItemKey) -> Result<(AgencyId, StoreId), Error> {
    let ids = key.sk.split_once('#').and_then(|(agency, store)| {
        let agency = AgencyId::from_bare(agency).ok()?;
        Some((agency, StoreId::from_bare(store).ok()?))
    });
    ids.ok_or(Error::wrong("its key is not a store's in a cell"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_data_model_says() {
        let agency = AgencyId::from_bytes(&[0xff; 16]);
        let store = StoreId::from_bytes(&[0; 8]);
        let team = TeamId::Agency(agency.clone());
        let bureau = TeamId::Authority("aut_bureau".parse().unwrap());
        for (key, expected) in [
            (Key::team(&team), "L#zzzzzzzzzzzzzzzzzzzzzzzzzw credentials"),
            (Key::team(&bureau), "L#aut_bureau credentials"),
            (
                Key::deed(&bureau, Millis(1), "x"),
                "D#aut_bureau 0000000000001#x",
            ),
            (Key::agency(&agency), "A#zzzzzzzzzzzzzzzzzzzzzzzzzw agency"),
            (
                Key::store(&agency, &store),
                "A#zzzzzzzzzzzzzzzzzzzzzzzzzw store#0000000000000",
            ),
            (Key::uscc("91230100MA1B2C3D4X"), "U#91230100MA1B2C3D4X uscc"),
            (Key::authority("k"), "K#k authority"),
        ] {
            assert_eq!(key.to_string(), expected);
        }
    }

    #[test]
    fn what_is_built_is_parsed() {
        let agency = AgencyId::from_bytes(&[7; 16]);
        let store = StoreId::from_bytes(&[9; 8]);
        let cell: Cell5 = "yb4h2".parse().unwrap();
        let mut key = Key::disc_cell(&cell, &agency, &store).into_inner();
        assert_eq!(key.pk, "C#yb4h2");
        let ids = (agency.clone(), store.clone());
        assert_eq!(parse_in_cell(&key).unwrap(), ids);
        key.sk = "x#y".to_owned();
        assert!(parse_in_cell(&key).is_err());
        let key = Key::store(&agency, &store).into_inner();
        assert_eq!(parse_agency(&key.pk), Some(agency));
        assert_eq!(parse_store(&key.sk), Some(store));
        assert_eq!(parse_store(AGENCY), None);
    }
}
