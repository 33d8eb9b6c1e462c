//! Workers' photos.
//!
//! An object's key is the worker's id and a hash of its content: writing it twice is writing it once, no object ever
//! changes, and all of a worker's are found by their prefix, those too that nothing names any more.

use aws_lc_rs::digest::{SHA256, digest};
use domain::id::WorkerId;
use domain::worker::Photo;
use s3::{Bucket, Over};
use settings::Settings;

use crate::Error;

const MEDIA_TYPE: &str = "image/jpeg";

/// The bucket of photos.
#[derive(Clone, Debug)]
pub struct Photos(Bucket);

impl Photos {
    pub fn new(settings: &Settings) -> Self {
        Self(Bucket::new(settings, "PHOTOS_BUCKET"))
    }

    /// What a worker's photo with this content, a JPEG, is called.
    pub fn named(worker: &WorkerId, jpeg: &[u8]) -> Photo {
        let hash = data_encoding::HEXLOWER.encode(&digest(&SHA256, jpeg).as_ref()[..16]);
        Photo {
            key: format!("{}{hash}.jpg", prefix(worker)),
            media_type: MEDIA_TYPE.to_owned(),
        }
    }

    pub async fn put(&self, photo: &Photo, jpeg: Vec<u8>) -> Result<(), Error> {
        let put = self
            .0
            .put(&photo.key, Some(MEDIA_TYPE), jpeg, Over::Anything);
        put.await.map(|_| ())
    }

    /// A photo's content; none if it is gone.
    pub async fn get(&self, photo: &Photo) -> Result<Option<Vec<u8>>, Error> {
        let found = self.0.get(&photo.key).await?;
        Ok(found.map(|object| object.content))
    }

    /// Deletes a worker's photo, if it is there. One that does not lie under her own prefix stays: others may have it too.
    pub async fn delete(&self, worker: &WorkerId, photo: &Photo) -> Result<(), Error> {
        if photo.key.starts_with(&prefix(worker)) {
            self.0.delete(&photo.key).await?;
        }
        Ok(())
    }

    /// Deletes every photo of a worker, those too that were replaced or never named.
    ///
    /// # Errors
    /// When some were not deleted; doing it again goes on where it stopped.
    pub async fn delete_all(&self, worker: &WorkerId) -> Result<(), Error> {
        loop {
            let found = self.0.keys(&prefix(worker), None).await?;
            for key in &found.keys {
                self.0.delete(key).await?;
            }
            if !found.more {
                return Ok(());
            }
        }
    }
}

fn prefix(worker: &WorkerId) -> String {
    format!("{}/", worker.bare())
}
