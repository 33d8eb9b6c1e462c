//! As much of the Lambda Runtime API as a function's real binary needs: it asks for the next invocation, and answers it or
//! reports its failure. <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
//!
//! One [`RuntimeApi`] serves one [`Bootstrap`], which is a process of its own, started as Lambda starts it: with an
//! environment of its own and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path as Segment, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::programs;

/// The largest answer that Lambda takes, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Response(Value),
    /// `errorType` and `errorMessage`, as it reported them.
    Error(Value),
}

/// An invocation that waits to be taken.
struct Invocation {
    request_id: String,
    deadline_ms: u128,
    event: String,
}

struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    running: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    /// Why the function could not start, if it said so.
    init_error: Mutex<Option<Value>>,
}

/// A Runtime API on a loopback port of its own.
pub struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
    next: AtomicU64,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Serves from now on, until it is dropped.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (invocations, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting: tokio::sync::Mutex::new(waiting),
            running: Mutex::default(),
            init_error: Mutex::default(),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{request_id}/response",
                post(response),
            )
            .route(
                "/2018-06-01/runtime/invocation/{request_id}/error",
                post(error),
            )
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, routes)
                .await
                .expect("the Runtime API serves");
        });
        Self {
            address,
            invocations,
            shared,
            next: AtomicU64::new(1),
            server,
        }
    }

    /// Where it is, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the function an event, and waits for its answer.
    ///
    /// # Panics
    /// When it does not answer in time, or could not start.
    pub async fn invoke(&self, event: &Value, timeout: Duration) -> Outcome {
        let request_id = format!(
            "00000000-0000-4000-8000-{:012x}",
            self.next.fetch_add(1, Ordering::Relaxed)
        );
        let (answered, answer) = oneshot::channel();
        lock(&self.shared.running).insert(request_id.clone(), answered);
        #[expect(
            clippy::disallowed_methods,
            reason = "another process reads this deadline by the system's clock"
        )]
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock after 1970");
        let invocation = Invocation {
            request_id,
            deadline_ms: (now + timeout).as_millis(),
            event: event.to_string(),
        };
        self.invocations
            .send(invocation)
            .unwrap_or_else(|_| panic!("the Runtime API is gone"));
        match tokio::time::timeout(timeout, answer).await {
            Ok(outcome) => outcome.expect("an outcome"),
            Err(_) => panic!(
                "no answer in {timeout:?}; init error: {:?}",
                lock(&self.shared.init_error)
            ),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Answers when there is an invocation, however long that takes.
async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return status(StatusCode::GONE);
    };
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &invocation.request_id)
        .header(
            "lambda-runtime-deadline-ms",
            invocation.deadline_ms.to_string(),
        )
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:test",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
        .body(Body::from(invocation.event))
        .expect("a response")
}

async fn response(
    shared: State<Arc<Shared>>,
    request_id: Segment<String>,
    body: Bytes,
) -> Response<Body> {
    finish(&shared, &request_id, Outcome::Response(json(&body)))
}

async fn error(
    shared: State<Arc<Shared>>,
    request_id: Segment<String>,
    body: Bytes,
) -> Response<Body> {
    finish(&shared, &request_id, Outcome::Error(json(&body)))
}

async fn init_error(shared: State<Arc<Shared>>, body: Bytes) -> Response<Body> {
    *lock(&shared.init_error) = Some(json(&body));
    status(StatusCode::ACCEPTED)
}

fn finish(shared: &Shared, request_id: &str, outcome: Outcome) -> Response<Body> {
    match lock(&shared.running).remove(request_id) {
        Some(waiting) => {
            // The caller may have given up; that is not the function's fault.
            let _ = waiting.send(outcome);
            status(StatusCode::ACCEPTED)
        }
        None => status(StatusCode::BAD_REQUEST),
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn status(status: StatusCode) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::empty())
        .expect("a response")
}

/// A function's process. It ends when this is dropped.
pub struct Bootstrap {
    _process: Child,
}

impl Bootstrap {
    /// Starts `binary` with these variables and those that Lambda sets, and no others. It logs where this process does.
    pub fn start(binary: &Path, variables: &BTreeMap<String, String>, api: &RuntimeApi) -> Self {
        Self::start_logging(binary, variables, api, Stdio::inherit())
    }

    pub fn start_logging(
        binary: &Path,
        variables: &BTreeMap<String, String>,
        api: &RuntimeApi,
        log: Stdio,
    ) -> Self {
        let name = binary.file_name().expect("a name").to_string_lossy();
        let process = tokio::process::Command::new(binary)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name.as_ref())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "test")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "test")
            .env("_HANDLER", "bootstrap")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", binary.display()));
        Self { _process: process }
    }
}

/// The folder with every function's binary, built on first use.
pub fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| programs::built(&["--bins"]))
}
