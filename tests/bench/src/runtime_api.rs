//! A Lambda Runtime API that times a function's start and gives it one event several times:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long to wait for a function's next request for an event.
const PATIENCE: Duration = Duration::from_secs(30);

struct Shared {
    event: String,
    /// How often the function has asked for an event.
    asked: AtomicU32,
    /// How often it gets the event.
    times: u32,
    failed: AtomicU32,
    /// Notified at each request for an event.
    asks: Notify,
}

/// Serves on a loopback port until it is dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessFigures {
    /// Time from the start of the process until it asked for its first event.
    pub(crate) start: Duration,
    /// Resident memory after the last event, in megabytes.
    pub(crate) resident_mb: f64,
}

impl RuntimeApi {
    /// Will give `event` to a function `times` times.
    pub(crate) async fn start(event: &str, times: u32) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            event: event.to_owned(),
            asked: AtomicU32::new(0),
            times,
            failed: AtomicU32::new(0),
            asks: Notify::new(),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(accept))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .route("/2018-06-01/runtime/init/error", post(fail))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // Runs until the task is aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Runs a function's binary with only these variables and those that Lambda sets, until it has answered its
    /// events.
    pub(crate) async fn measure(
        &self,
        binary: &Path,
        arguments: &[&str],
        variables: &BTreeMap<String, String>,
    ) -> Result<ProcessFigures> {
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("_HANDLER", "bootstrap")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let begun = Instant::now();
        let mut process = command.spawn()?;
        self.wait_for_requests(1, &mut process).await?;
        let start = begun.elapsed();
        self.wait_for_requests(self.shared.times + 1, &mut process)
            .await?;
        let resident_mb = resident_mb(&process)?;
        process.kill().await?;
        ensure!(
            self.shared.failed.load(Ordering::Relaxed) == 0,
            "an invocation failed"
        );
        Ok(ProcessFigures { start, resident_mb })
    }

    /// Waits until the function has asked for an event this often.
    async fn wait_for_requests(&self, times: u32, process: &mut Child) -> Result<()> {
        let asked = async {
            while self.shared.asked.load(Ordering::Relaxed) < times {
                self.shared.asks.notified().await;
            }
        };
        tokio::select! {
            () = asked => Ok(()),
            ended = process.wait() => anyhow::bail!("the function ended with {}", ended?),
            () = tokio::time::sleep(PATIENCE) => anyhow::bail!("the function does not ask for an event"),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Result<Response<Body>, StatusCode> {
    let before = shared.asked.fetch_add(1, Ordering::Relaxed);
    shared.asks.notify_one();
    if before >= shared.times {
        // There are no more events.
        std::future::pending::<()>().await;
    }
    Response::builder()
        .header("content-type", "application/json")
        .header(
            "lambda-runtime-aws-request-id",
            format!("00000000-0000-4000-8000-{before:012x}"),
        )
        .header("lambda-runtime-deadline-ms", "4102444800000")
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
        .body(Body::from(shared.event.clone()))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn accept() -> StatusCode {
    StatusCode::ACCEPTED
}

async fn fail(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.failed.fetch_add(1, Ordering::Relaxed);
    StatusCode::ACCEPTED
}

fn resident_mb(process: &Child) -> Result<f64> {
    let id = process.id().context("the function has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<f64>()? * 1_024.0 / 1e6)
}
