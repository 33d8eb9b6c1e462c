//! The few calls of S3 that functions make: reading, writing, listing and deleting whole objects of a bucket.
//!
//! They go through the runtime of the AWS SDK, as all other calls do, with its credentials, signatures, timeouts and
//! retries. Only S3's own client is not used: it would add a megabyte to each function that has a bucket.

mod call;
mod xml;

use aws_smithy_runtime_api::box_error::BoxError;
use calls::Error;
use data_encoding::BASE64;
use settings::Settings;

use crate::call::{Answer, Call, Request};

/// Another object is there (412), or the one to be replaced is gone (404).
const NOT_AS_EXPECTED: [&str; 2] = ["PreconditionFailed", "NoSuchKey"];

const NO_ETAG: Error = Error::wrong("an object has no ETag");

#[derive(Clone, Debug)]
pub struct Bucket(Call);

#[derive(Debug)]
pub struct Object {
    /// The entity tag, with quotes.
    pub etag: String,
    pub content: Vec<u8>,
}

/// What must be there for an object to be written.
#[derive(Clone, Copy, Debug)]
pub enum Over<'a> {
    Anything,
    Nothing,
    /// The object with this entity tag.
    Etag(&'a str),
}

/// Some keys of a bucket, in their order.
#[derive(Debug)]
pub struct Keys {
    pub keys: Vec<String>,
    /// Whether keys follow after these.
    pub more: bool,
}

impl Bucket {
    /// The bucket that this setting names.
    pub fn new(settings: &Settings, name: &'static str) -> Self {
        Self(Call::new(settings.sdk(), &settings.text(name)))
    }

    pub async fn get(&self, key: &str) -> Result<Option<Object>, Error> {
        let answer = self.0.send("GetObject", Request::new("GET", key)).await;
        if answer.as_ref().is_err_and(|error| error.is_missing()) {
            return Ok(None);
        }
        let Answer { etag, content } = answer?;
        let etag = etag.ok_or(NO_ETAG)?;
        Ok(Some(Object { etag, content }))
    }

    /// The entity tag of an object that is there.
    pub async fn etag(&self, key: &str) -> Result<Option<String>, Error> {
        let answer = self.0.send("HeadObject", Request::new("HEAD", key)).await;
        if answer.as_ref().is_err_and(|error| error.is_missing()) {
            return Ok(None);
        }
        let etag = answer?.etag;
        Ok(Some(etag.ok_or(NO_ETAG)?))
    }

    /// Answers `false` when what is there is not what was expected.
    pub async fn put(
        &self,
        key: &str,
        media_type: Option<&'static str>,
        content: Vec<u8>,
        over: Over<'_>,
    ) -> Result<bool, Error> {
        // A bucket with object lock takes no object without a checksum of its own, besides the signed one.
        let checksum = BASE64.encode(&crc32fast::hash(&content).to_be_bytes());
        let mut put = Request::new("PUT", key).header("x-amz-checksum-crc32", checksum);
        if let Some(media_type) = media_type {
            put = put.header("content-type", media_type);
        }
        put = match over {
            Over::Anything => put,
            Over::Nothing => put.header("if-none-match", "*"),
            Over::Etag(etag) => put.header("if-match", etag.to_owned()),
        };
        match self.0.send("PutObject", put.body(content)).await {
            Err(error)
                if !matches!(over, Over::Anything)
                    && error
                        .code()
                        .is_some_and(|code| NOT_AS_EXPECTED.contains(&code)) =>
            {
                Ok(false)
            }
            answer => Ok(answer.map(|_| true)?),
        }
    }

    /// Deletes an object, if it is there.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let request = Request::new("DELETE", key);
        self.0.send("DeleteObject", request).await?;
        Ok(())
    }

    /// Up to 1,000 of the keys that begin so, in their order, behind `after`.
    pub async fn keys(&self, prefix: &str, after: Option<&str>) -> Result<Keys, Error> {
        let mut request = Request::new("GET", "")
            .query("list-type", "2")
            .query("prefix", prefix);
        if let Some(after) = after {
            request = request.query("start-after", after);
        }
        let answer = self.0.send("ListObjectsV2", request).await?;
        let keys = str::from_utf8(&answer.content).map_err(BoxError::from);
        keys.and_then(|list| xml::keys(list).map_err(BoxError::from))
            .map_err(|error| Error::wrong_because("a list of objects cannot be read", error))
    }
}
