//! A bucket: reading and writing its objects, and what came of it.
//!
//! What the SDK makes of a call is a large type many levels deep; boxed here, it does not make the futures of handlers
//! so.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use settings::Settings;

use crate::Error;

/// Another object is there (412), is being written (409), or the one to be replaced is gone (404).
const NOT_AS_EXPECTED: [&str; 3] = [
    "PreconditionFailed",
    "ConditionalRequestConflict",
    "NoSuchKey",
];

#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

pub(crate) struct Object {
    /// The entity tag, with quotes.
    pub(crate) etag: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// What must be there for an object to be written.
pub(crate) enum Over<'a> {
    Anything,
    Nothing,
    /// The object with this entity tag.
    Etag(&'a str),
}

impl Bucket {
    /// The bucket that this setting names.
    pub(crate) fn new(settings: &Settings, name: &'static str) -> Self {
        Self {
            client: settings.client(Client::new),
            name: settings.text(name),
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Object>, Error> {
        const CALL: &str = "GetObject";
        let request = self.client.get_object().bucket(&self.name).key(key);
        let answer = match Box::pin(request.send()).await {
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
        let content = answer.body.collect().await;
        let content = content.map_err(|error| Error::cut_off(CALL, error))?;
        Ok(Some(Object {
            etag: answer.e_tag,
            content: content.to_vec(),
        }))
    }

    /// The entity tag of an object that is there.
    pub(crate) async fn etag(&self, key: &str) -> Result<Option<String>, Error> {
        let request = self.client.head_object().bucket(&self.name).key(key);
        match Box::pin(request.send()).await {
            Ok(answer) => Ok(Some(entity_tag(answer.e_tag)?)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(Error::call("HeadObject", error)),
        }
    }

    /// Answers `false` when what is there is not what was expected.
    pub(crate) async fn put(
        &self,
        key: &str,
        media_type: Option<&str>,
        content: Vec<u8>,
        over: Over<'_>,
    ) -> Result<bool, Error> {
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .set_content_type(media_type.map(str::to_owned))
            .body(ByteStream::from(content));
        let (put, conditional) = match over {
            Over::Anything => (put, false),
            Over::Nothing => (put.if_none_match("*"), true),
            Over::Etag(etag) => (put.if_match(etag), true),
        };
        match Box::pin(put.send()).await {
            Ok(_) => Ok(true),
            Err(error)
                if conditional
                    && error
                        .code()
                        .is_some_and(|code| NOT_AS_EXPECTED.contains(&code)) =>
            {
                Ok(false)
            }
            Err(error) => Err(Error::call("PutObject", error)),
        }
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), Error> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        let deleted = Box::pin(request.send()).await;
        deleted
            .map(|_| ())
            .map_err(|error| Error::call("DeleteObject", error))
    }

    /// Deletes all objects whose keys begin so. One that fails ends it; doing it again goes on there.
    pub(crate) async fn delete_all(&self, prefix: &str) -> Result<(), Error> {
        let mut from = None;
        loop {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(prefix)
                .set_continuation_token(from);
            let page = Box::pin(request.send()).await;
            let page = page.map_err(|error| Error::call("ListObjectsV2", error))?;
            for key in page.contents().iter().filter_map(|object| object.key()) {
                self.delete(key).await?;
            }
            from = page.next_continuation_token;
            if from.is_none() {
                return Ok(());
            }
        }
    }
}

pub(crate) fn entity_tag(etag: Option<String>) -> Result<String, Error> {
    etag.ok_or(Error::wrong("an object has no ETag"))
}
