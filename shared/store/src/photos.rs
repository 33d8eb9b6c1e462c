//! The bucket of workers' photos.
//!
//! An object's key is the worker's id and a hash of its content: writing it twice is writing it once, no object ever
//! changes, and all of a worker's are found by their prefix, those too that nothing names any more.

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use domain::id::WorkerId;
use domain::worker::Photo;
use settings::Settings;

use crate::Error;

/// What photos are stored as.
const MEDIA_TYPE: &str = "image/jpeg";

/// The bucket of photos.
#[derive(Clone, Debug)]
pub struct Photos {
    client: Client,
    bucket: String,
}

impl Photos {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            bucket: settings.text("PHOTOS_BUCKET"),
        }
    }

    /// What a worker's photo with this content, a JPEG, is called.
    pub fn named(worker: &WorkerId, jpeg: &[u8]) -> Photo {
        let hash = data_encoding::HEXLOWER.encode(&digest(&SHA256, jpeg).as_ref()[..16]);
        Photo {
            key: format!("{}{hash}.jpg", prefix(worker)),
            media_type: MEDIA_TYPE.to_owned(),
        }
    }

    /// Stores a photo.
    ///
    /// # Errors
    /// When it was not stored, or that is not known; storing it again is harmless.
    pub async fn put(&self, photo: &Photo, jpeg: Vec<u8>) -> Result<(), Error> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(&photo.key)
            .content_type(&photo.media_type)
            .body(ByteStream::from(jpeg))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| Error::call("PutObject", error))
    }

    /// A photo's content; none if it is gone.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, photo: &Photo) -> Result<Option<Vec<u8>>, Error> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&photo.key)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(Error::call("GetObject", error)),
        };
        let content = answer.body.collect().await;
        let content = content.map_err(|error| Error::cut_off("GetObject", error))?;
        Ok(Some(content.to_vec()))
    }

    /// Deletes a photo, if it is there.
    ///
    /// # Errors
    /// When it was not deleted, or that is not known.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| Error::call("DeleteObject", error))
    }

    /// Deletes every photo of a worker, those too that were replaced or never named.
    ///
    /// # Errors
    /// When some were not deleted; doing it again goes on where it stopped.
    pub async fn delete_all(&self, worker: &WorkerId) -> Result<(), Error> {
        let mut from = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix(worker))
                .set_continuation_token(from)
                .send()
                .await
                .map_err(|error| Error::call("ListObjectsV2", error))?;
            for object in page.contents() {
                if let Some(key) = object.key() {
                    self.delete(key).await?;
                }
            }
            from = page.next_continuation_token;
            if from.is_none() {
                return Ok(());
            }
        }
    }
}

fn prefix(worker: &WorkerId) -> String {
    format!("{}/", worker.bare())
}

fn is_missing<R>(error: &SdkError<GetObjectError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
}
