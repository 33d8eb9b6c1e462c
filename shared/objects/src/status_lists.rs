//! Status lists, signed as they are published.
//!
//! A list is built from what the table says after the last one was published, and replaces exactly that one: who
//! publishes at the same time begins anew. So what is published never goes back.

use s3::{Bucket, Over};
use settings::Settings;

use crate::Error;

/// What a list is served as.
const MEDIA_TYPE: &str = "application/statuslist+jwt";

/// The bucket of published status lists.
#[derive(Clone, Debug)]
pub struct StatusLists(Bucket);

/// A status list as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedList {
    /// Its entity tag, with quotes.
    pub etag: String,
    pub token: Vec<u8>,
}

impl StatusLists {
    pub fn new(settings: &Settings) -> Self {
        Self(Bucket::new(settings, "PUBLISHED_BUCKET"))
    }

    /// A list; `None` if there is none of that number.
    pub async fn get(&self, list: u32) -> Result<Option<PublishedList>, Error> {
        let Some(object) = self.0.get(&key(list)).await? else {
            return Ok(None);
        };
        Ok(Some(PublishedList {
            etag: object.etag,
            token: object.content,
        }))
    }

    /// The entity tag of a list, by which it is replaced; `None` if there is none of that number yet.
    pub async fn etag(&self, list: u32) -> Result<Option<String>, Error> {
        self.0.etag(&key(list)).await
    }

    /// Publishes a list in the place of the one with this entity tag, or as the first. `false` when another one is
    /// there now.
    pub async fn replace(
        &self,
        list: u32,
        before: Option<&str>,
        token: String,
    ) -> Result<bool, Error> {
        let over = before.map_or(Over::Nothing, Over::Etag);
        let token = token.into_bytes();
        self.0.put(&key(list), Some(MEDIA_TYPE), token, over).await
    }
}

fn key(list: u32) -> String {
    format!("status-lists/{list}")
}
