//! Reads from a batch of the directory's stream which agencies have to be looked at.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;
use domain::agency::{Agency, Standing, Store};
use domain::geo::Wgs84;
use domain::id::{AgencyId, StoreId};
use domain::service::ServiceSet;
use store::{DirectoryImage, directory_image};

/// What a batch says about one agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The position in the batch of this agency's first record.
    pub first: usize,
    /// Old and new locations of its stores: these cells are cleared unless the stores still count there.
    pub seen_at: Vec<(StoreId, Wgs84)>,
    /// Whether it was suspended or reinstated, so that access to its queue has to change.
    pub queue: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub agencies: BTreeMap<AgencyId, Change>,
    /// The position of the first record that cannot be read. Records before it are still handled.
    pub unreadable: Option<usize>,
}

impl Changes {
    /// Reads the records of a batch in order. Changes of cells are skipped, because this function makes them.
    pub fn read(records: &[EventRecord]) -> Self {
        let mut changes = Self::default();
        for (place, record) in records.iter().enumerate() {
            let images = image(&record.change.old_image)
                .and_then(|old| Ok((old, image(&record.change.new_image)?)));
            match images {
                Ok((old, new)) => changes.note(place, old.as_ref(), new.as_ref()),
                Err(error) => {
                    tracing::error!(error = %error, "a record of the directory's stream cannot be read");
                    changes.unreadable = Some(place);
                    break;
                }
            }
        }
        changes
    }

    /// Notes what one record changes, if anything: a registration, a new name, a rating, opening hours or a
    /// proposed location change no cell.
    fn note(&mut self, place: usize, old: Option<&DirectoryImage>, new: Option<&DirectoryImage>) {
        let (before, after) = (agency(old), agency(new));
        if let Some(agency) = after.or(before)
            && offered(before) != offered(after)
        {
            let standings = [before, after].map(|agency| agency.map(|agency| agency.standing));
            // A new queue denies nothing, so only a suspension and its end need a call.
            let queue = standings.contains(&Some(Standing::Suspended));
            self.change(&agency.id, place).queue |= queue;
        }
        let (before, after) = (store(old), store(new));
        if let Some((agency, _)) = after.or(before)
            && before.and_then(counts) != after.and_then(counts)
        {
            let seen = [before, after].into_iter().flatten();
            let seen = seen.filter_map(|(_, store)| Some((store.id.clone(), store.location?)));
            self.change(agency, place).seen_at.extend(seen);
        }
    }

    fn change(&mut self, agency: &AgencyId, place: usize) -> &mut Change {
        let first_of_its = || Change {
            first: place,
            ..Change::default()
        };
        self.agencies
            .entry(agency.clone())
            .or_insert_with(first_of_its)
    }
}

fn agency(image: Option<&DirectoryImage>) -> Option<&Agency> {
    match image {
        Some(DirectoryImage::Agency(agency)) => Some(agency),
        _ => None,
    }
}

/// The services that an agency can be asked for: none unless it is approved.
fn offered(agency: Option<&Agency>) -> Option<ServiceSet> {
    let agency = agency.filter(|agency| agency.standing == Standing::Approved);
    agency.map(|agency| agency.services)
}

fn store(image: Option<&DirectoryImage>) -> Option<(&AgencyId, &Store)> {
    match image {
        Some(DirectoryImage::Store(agency, store)) => Some((agency, store)),
        _ => None,
    }
}

/// Where a store counts, and what it is there for.
fn counts((_, store): (&AgencyId, &Store)) -> Option<(Wgs84, ServiceSet)> {
    store.counts_at().map(|at| (at, store.services))
}

/// An image of a record; a missing one arrives empty.
fn image(item: &serde_dynamo::Item) -> Result<Option<DirectoryImage>, store::Error> {
    if item.is_empty() {
        Ok(None)
    } else {
        directory_image(item.clone()).map(Some)
    }
}

#[cfg(test)]
mod tests;
