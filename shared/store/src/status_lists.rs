//! The bucket of published status lists, signed as they are.
//!
//! A list is built from what the table says after the last one was published, and replaces exactly that one: who
//! publishes at the same time begins anew. So what is published never goes back.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use settings::Settings;

use crate::Error;

/// What a list is served as.
const MEDIA_TYPE: &str = "application/statuslist+jwt";

/// The bucket of published status lists.
#[derive(Clone, Debug)]
pub struct StatusLists {
    client: Client,
    bucket: String,
}

/// A status list as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedList {
    /// Its entity tag, with quotes.
    pub etag: String,
    /// The signed token.
    pub token: Vec<u8>,
}

impl StatusLists {
    pub fn new(settings: &Settings) -> Self {
        Self {
            client: settings.client(Client::new),
            bucket: settings.text("PUBLISHED_BUCKET"),
        }
    }

    /// A list; `None` if there is none of that number.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, list: u32) -> Result<Option<PublishedList>, Error> {
        const CALL: &str = "GetObject";
        let request = self.client.get_object().bucket(&self.bucket).key(key(list));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Error::call(CALL, error)),
        };
        let etag = answer.e_tag.ok_or(Error::wrong("an object has no ETag"))?;
        let token = answer
            .body
            .collect()
            .await
            .map_err(|error| Error::cut_off(CALL, error))?;
        Ok(Some(PublishedList {
            etag,
            token: token.to_vec(),
        }))
    }

    /// The entity tag of a list, by which it is replaced; `None` if there is none of that number yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn etag(&self, list: u32) -> Result<Option<String>, Error> {
        let request = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key(list));
        match request.send().await {
            Ok(answer) => Ok(Some(
                answer.e_tag.ok_or(Error::wrong("an object has no ETag"))?,
            )),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(HeadObjectError::is_not_found) =>
            {
                Ok(None)
            }
            Err(error) => Err(Error::call("HeadObject", error)),
        }
    }

    /// Publishes a list in the place of the one with this entity tag, or as the first. `false` when another one is
    /// there now.
    ///
    /// # Errors
    /// When it was not written, or that is not known.
    pub async fn replace(
        &self,
        list: u32,
        before: Option<&str>,
        token: String,
    ) -> Result<bool, Error> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key(list))
            .content_type(MEDIA_TYPE)
            .body(ByteStream::from(token.into_bytes()));
        let put = match before {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_refused(&error) => Ok(false),
            Err(error) => Err(Error::call("PutObject", error)),
        }
    }
}

fn key(list: u32) -> String {
    format!("status-lists/{list}")
}

/// 412: another one is there; 409: another one is being written; 404: the one to be replaced is gone.
fn is_refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let codes = [
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "NoSuchKey",
    ];
    error.code().is_some_and(|code| codes.contains(&code))
}
