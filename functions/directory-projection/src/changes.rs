//! What a batch of the directory's stream says has to be looked at.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;
use domain::agency::Standing;
use domain::geo::Wgs84;
use domain::id::{AgencyId, StoreId};
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

    fn note(&mut self, place: usize, old: Option<&DirectoryImage>, new: Option<&DirectoryImage>) {
        use DirectoryImage::{Agency, Store};
        // A write that changed nothing is no news, though an emulator tells of it.
        if old == new {
            return;
        }
        match (old, new) {
            // What an agency has done so far changes without a new version, and no cell holds it.
            (Some(Agency(old)), Some(Agency(new))) if old.version == new.version => {}
            (old, Some(Agency(new))) => {
                let before = match old {
                    Some(Agency(old)) => Some(old.standing),
                    _ => None,
                };
                let suspended = [before, Some(new.standing)].contains(&Some(Standing::Suspended));
                let change = self.change(&new.id, place);
                // A queue is made without a denial, so only a suspension and its end need a call.
                change.queue |= suspended && before != Some(new.standing);
            }
            (Some(Agency(old)), _) => {
                self.change(&old.id, place);
            }
            (old, new) => {
                for image in [old, new].into_iter().flatten() {
                    if let Store(agency, store) = image {
                        let seen = store.location.map(|at| (store.id.clone(), at));
                        self.change(agency, place).seen_at.extend(seen);
                    }
                }
            }
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
