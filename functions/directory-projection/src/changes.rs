//! What a batch of the directory's stream says has to be looked at.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;
use domain::agency::{Agency, Standing, Store};
use domain::geo::Wgs84;
use domain::id::{AgencyId, StoreId};
use domain::service::ServiceSet;
use store::{DirectoryImage, directory_image};

/// What a batch tells of one agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The place in the batch of the first record of this agency.
    pub first: usize,
    /// Where its stores were or are: these cells are cleared unless the stores still count there.
    pub seen_at: Vec<(StoreId, Wgs84)>,
    /// Whether it was suspended or reinstated, so that its queue has to follow.
    pub queue: bool,
}

/// What a batch tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// By agency.
    pub agencies: BTreeMap<AgencyId, Change>,
    /// The place of the first record that cannot be read. What comes before it is worth doing.
    pub unreadable: Option<usize>,
}

impl Changes {
    /// Of the records of a batch, in their order. Cells are passed over: they come from here.
    pub fn of(records: &[EventRecord]) -> Self {
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

    /// What follows from one record, if anything does: a registration, a new name, a rating, a proposed place change no
    /// cell.
    fn note(&mut self, place: usize, old: Option<&DirectoryImage>, new: Option<&DirectoryImage>) {
        let (before, after) = (agency(old), agency(new));
        if let Some(agency) = after.or(before)
            && offered(before) != offered(after)
        {
            let standings = [before, after].map(|agency| agency.map(|agency| agency.standing));
            // A queue is made without a denial, so only a suspension and its end need a call.
            let queue = standings.contains(&Some(Standing::Suspended));
            self.change(&agency.id, place).queue |= queue;
        }
        let (before, after) = (store(old), store(new));
        if let Some((agency, _)) = after.or(before)
            && before.and_then(counts_at) != after.and_then(counts_at)
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

fn counts_at((_, store): (&AgencyId, &Store)) -> Option<Wgs84> {
    store.counts_at()
}

/// An image of a record; one that is not there arrives empty.
fn image(item: &serde_dynamo::Item) -> Result<Option<DirectoryImage>, store::Error> {
    if item.is_empty() {
        Ok(None)
    } else {
        directory_image(item.clone()).map(Some)
    }
}

#[cfg(test)]
mod tests;
