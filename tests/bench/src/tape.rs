//! An HTTP client for AWS's SDK that records the first answer to each operation and replays it for later calls, so
//! that a measurement does not include the cloud.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;

#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// The recorded answers, by operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
}

impl Tape {
    /// A client that sends operations without a recorded answer to `inner`.
    pub(crate) fn client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Client {
            inner,
            tape: self.clone(),
        })
    }

    /// The operations that have a recorded answer.
    pub(crate) fn operations(&self) -> Vec<String> {
        let mut names: Vec<String> = self.lock().keys().cloned().collect();
        names.sort();
        names
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    tape: Tape,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            inner,
            tape: self.tape.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    tape: Tape,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        if let Some(answer) = self.tape.lock().get(&operation) {
            return HttpConnectorFuture::ready(answer.play());
        }
        let (tape, asked) = (self.tape.clone(), self.inner.call(request));
        HttpConnectorFuture::new(async move {
            let answer = Answer::record(asked.await?).await?;
            let played = answer.play();
            tape.lock().insert(operation, answer);
            played
        })
    }
}

impl Answer {
    async fn record(response: HttpResponse) -> Result<Self, ConnectorError> {
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body
            .map_err(|error| ConnectorError::io(error.into()))?
            .into_bytes();
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    fn play(&self) -> Result<HttpResponse, ConnectorError> {
        let status = self.status.try_into();
        let status = status.map_err(|error| ConnectorError::other(Box::new(error), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(self.body.clone()));
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        Ok(response)
    }
}
