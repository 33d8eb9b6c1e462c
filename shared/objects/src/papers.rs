//! Agencies' papers.
//!
//! An object's key is the agency's id, the moment at which it came, and what it is. So each request writes an object of its own,
//! and one that no version of the agency names a day later is named by none to come: it can be deleted without looking out for
//! whoever brings the same content again. How many lie there of the last day tells how often the agency has brought some.

use domain::agency::Paper;
use domain::id::AgencyId;
use domain::time::Millis;
use s3::{Bucket, Over};
use settings::Settings;

use crate::Error;

/// The bucket of papers.
#[derive(Clone, Debug)]
pub struct PaperObjects(Bucket);

/// A paper that lies there, whether it is named or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPaper {
    key: String,
    pub uploaded_at: Millis,
}

impl StoredPaper {
    fn from_key(key: String) -> Result<Self, Error> {
        let name = key.split_once('/').map(|(_, name)| name);
        let at = name.and_then(|name| name.split_once('-')?.0.parse().ok());
        let at = at.ok_or(Error::wrong("a paper's key has no moment"))?;
        Ok(Self {
            key,
            uploaded_at: Millis(at),
        })
    }

    /// Whether this is where that paper of this agency lies.
    pub fn holds(&self, agency: &AgencyId, paper: &Paper) -> bool {
        self.key == object_key(agency, paper)
    }
}

impl PaperObjects {
    pub fn new(settings: &Settings) -> Self {
        Self(Bucket::new(settings, "PAPERS_BUCKET"))
    }

    pub async fn put(
        &self,
        agency: &AgencyId,
        paper: &Paper,
        content: Vec<u8>,
    ) -> Result<(), Error> {
        let (key, media_type) = (object_key(agency, paper), paper.media_type.media_type());
        let put = self.0.put(&key, Some(media_type), content, Over::Anything);
        put.await.map(|_| ())
    }

    /// A paper's content; none if it is gone.
    pub async fn get(&self, agency: &AgencyId, paper: &Paper) -> Result<Option<Vec<u8>>, Error> {
        let found = self.0.get(&object_key(agency, paper)).await?;
        Ok(found.map(|object| object.content))
    }

    /// All that lie there of an agency, the oldest first.
    pub async fn stored(&self, agency: &AgencyId) -> Result<Vec<StoredPaper>, Error> {
        let (prefix, mut keys) = (format!("{}/", agency.bare()), Vec::new());
        loop {
            let after = keys.last().map(String::as_str);
            let found = self.0.keys(&prefix, after).await?;
            keys.extend(found.keys);
            if !found.more {
                return keys.into_iter().map(StoredPaper::from_key).collect();
            }
        }
    }

    pub async fn delete(&self, stored: &StoredPaper) -> Result<(), Error> {
        self.0.delete(&stored.key).await
    }
}

fn object_key(agency: &AgencyId, paper: &Paper) -> String {
    format!(
        "{}/{:013}-{}-{}",
        agency.bare(),
        paper.uploaded_at.0,
        paper.kind.as_str(),
        paper.sha256
    )
}
