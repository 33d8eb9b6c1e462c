//! Measures the CPU of one warm grab without the emulated cloud.
//!
//! The function runs on its own thread and gets DynamoDB's answers of a recorded grab from memory, so the thread's
//! CPU clock measures the function and AWS's SDK, without sockets.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use order_grab::OrderGrab;
use runtime::function::{Invoke, http_invoke};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use settings::{Clock, Settings};

use crate::city::BenchCity;
use crate::table::{Row, Table};
use crate::tape::Tape;

const FUNCTION: &str = "order-grab";
const BUDGET_MS: f64 = 0.30;
/// Invocations before the measurement begins.
const WARM_UP: u32 = 50;
/// A real event of API Gateway's, payload version 2.0.
const EVENT: &str = include_str!("../../events/order-grab.json");

/// An event with which an agency grabs an order, as text.
pub(crate) async fn grab_event(city: &BenchCity) -> Result<String> {
    let customer = city.customer().await?;
    let order = city.place(&customer).await?.id;
    city.platform.drain().await?;
    let agency = city.agencies.first().context("the city has agencies")?;
    let (desk, token) = (city.desk(agency).await?, city.claim_token(&order, agency)?);
    Ok(EVENT
        .replace("{{order_id}}", &order)
        .replace("{{token}}", &desk)
        .replace("{{claim_token}}", &token))
}

pub(crate) async fn row(city: &BenchCity, invocations: u32, table: &mut Table) -> Result<()> {
    let event = grab_event(city).await?;
    let tape = Tape::default();
    let operator = city.platform.operator_sdk_config();
    let inner = operator
        .http_client()
        .context("the operator has a client")?;
    let sdk = operator
        .clone()
        .into_builder()
        .http_client(tape.client(inner))
        .build();
    let functions = &city.platform.stack().functions;
    let function = functions.iter().find(|found| found.code == FUNCTION);
    let variables = function
        .context("the template has the function")?
        .environment
        .clone();
    // The clock stands still, so that the recorded answers and the session stay valid.
    let now = domain::time::Millis(city.platform.clock().now_ms());
    let settings = Settings::new(variables, sdk, Clock::new(move || now));
    let order_grab = std::sync::Arc::new(OrderGrab::new(&settings)?);
    let invoke = http_invoke(&settings, move |request| {
        let order_grab = std::sync::Arc::clone(&order_grab);
        async move { order_grab.handle(request).await }
    });

    // Records a real grab.
    invoke_once(&invoke, &event).await?;
    let recorded = tape.operations();
    ensure!(
        recorded == ["BatchGetItem", "UpdateItem"],
        "a grab calls {recorded:?}"
    );

    let thread = std::thread::Builder::new().name("grab".to_owned());
    let measured = thread.spawn(move || measure(&invoke, &event, invocations))?;
    let each = tokio::task::spawn_blocking(move || measured.join()).await?;
    let each = each.map_err(|_| anyhow::anyhow!("the measured thread panicked"))??;
    let milliseconds = each.as_secs_f64() * 1_000.0;
    table.push(
        Row::new("CPU per warm grab, in the function", "≤ 0.30 ms (release)")
            .measured(
                format!("{milliseconds:.3} ms ({} build)", crate::build()),
                &[(milliseconds, BUDGET_MS)],
            )
            .note(format!(
                "Mean of {invocations} by the thread's CPU clock. It includes parsing the event, verifying session and claim token, \
                 BatchGetItem"
            ))
            .note(
                "and UpdateItem in the SDK (serialising, signing, parsing), decrypting details, and writing answer and log lines \
                 as JSON.",
            )
            .note("It excludes sockets, TLS and Lambda's runtime loop."),
    );
    Ok(())
}

/// Average CPU of an invocation on this thread.
fn measure(invoke: &Invoke, event: &str, invocations: u32) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Logs are formatted as on Lambda and discarded.
    let logs = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::sink)
        .finish();
    tracing::subscriber::with_default(logs, || {
        runtime.block_on(async {
            for _ in 0..WARM_UP {
                invoke_once(invoke, event).await?;
            }
            let before = thread_cpu();
            for _ in 0..invocations {
                black_box(invoke_once(invoke, black_box(event)).await?);
            }
            Ok((thread_cpu() - before) / invocations)
        })
    })
}

/// Parses the event, invokes the function and serialises its answer, as on Lambda.
async fn invoke_once(invoke: &Invoke, event: &str) -> Result<String> {
    let answer = invoke(serde_json::from_str::<Value>(event)?).await;
    let answer = answer.map_err(|error| anyhow::anyhow!(error))?;
    if answer["statusCode"] != 200 {
        bail!("the grab was answered {answer}");
    }
    Ok(answer.to_string())
}

pub(crate) fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}
