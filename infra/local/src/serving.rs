//! Serves a router on a port, and drops connections that stall.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use futures::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Serves until the future is dropped, which ends its connections too. A connection is dropped when the client has not
/// sent all of a request's head within `patience`, or nothing more of its body for as long.
pub(crate) async fn serve(listener: TcpListener, router: Router, patience: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as too many open files: others will have been closed by then.
                tracing::error!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), request, client, patience));
        connections.spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    router: Router,
    request: http::Request<Incoming>,
    client: SocketAddr,
    patience: Duration,
) -> io::Result<axum::response::Response> {
    let stalled = Arc::new(Notify::new());
    let (parts, body) = request.into_parts();
    let body = Body::new(body).into_data_stream();
    let chunks = stream::unfold(
        (body, Arc::clone(&stalled)),
        move |(mut body, stalled)| async move {
            let Ok(chunk) = tokio::time::timeout(patience, body.next()).await else {
                stalled.notify_one();
                return std::future::pending().await;
            };
            Some((chunk?, (body, stalled)))
        },
    );
    let mut request = Request::from_parts(parts, Body::from_stream(chunks));
    request.extensions_mut().insert(ConnectInfo(client));
    tokio::select! {
        Ok(answer) = router.oneshot(request) => Ok(answer),
        () = stalled.notified() => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    /// What the server answers until it closes the connection, to this beginning of a request and these chunks, with a
    /// pause of half the server's patience before each.
    async fn answer_to(head: &str, chunks: &[&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(|body: Bytes| async move { body }));
        let _server = tokio::spawn(serve(listener, router, PATIENCE));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        for chunk in chunks {
            tokio::time::sleep(PATIENCE / 2).await;
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let read = tokio::time::timeout(20 * PATIENCE, read).await;
        let _ = read.expect("the connection is dropped");
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_client_that_stalls_is_dropped_wherever_it_does() {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n";
        for request in ["", "POST /", head, &format!("{head}\r\nab")] {
            assert_eq!(answer_to(request, &[]).await, "", "{request:?}");
        }
    }

    #[tokio::test]
    async fn a_slow_client_is_answered_as_long_as_it_sends() {
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n";
        let answer = answer_to(head, &["a", "b", "c", "d"]).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("abcd"),
            "{answer}"
        );
    }
}
