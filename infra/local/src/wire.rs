//! The HTTP client of the functions' AWS calls. It counts calls, and a test can cut off or hold up a function
//! at a call.
//!
//! Cutting off an invocation at its n-th call is like killing its process there: the call is made, its answer
//! is lost, and the invocation does nothing more. This works because functions spawn no tasks, so dropping the
//! invocation's future stops all of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::Notify;

use crate::lineage::{Lineage, TRACE_HEADER};

tokio::task_local! {
    /// The invocation that the running future belongs to.
    static INVOCATION: Arc<Invocation>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    pub invocations: u64,
    /// AWS calls by `service:Operation`, including the SDK's retries.
    pub calls: BTreeMap<String, u64>,
    /// By table and operation; only counted after [`Wire::measure_capacity`].
    pub capacity: BTreeMap<(String, String), Capacity>,
}

/// Consumed capacity as DynamoDB reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// Read units, of the table and its indexes.
    pub read: f64,
    /// Write units of the table alone.
    pub write_table: f64,
    /// Write units of the table and its indexes.
    pub write: f64,
}

/// Counters and faults of all functions.
#[derive(Clone, Default)]
pub struct Wire {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    usage: BTreeMap<String, Usage>,
    /// How many more calls a function may begin; it is cut off at the last.
    cuts: BTreeMap<String, u32>,
    /// Functions whose invocations were cut off, in order.
    cut_off: Vec<String>,
    /// Calls to be held up, by function and operation.
    holds: BTreeMap<(String, String), HeldCall>,
    measures_capacity: bool,
}

struct Invocation {
    function: String,
    /// What the SDK sends on Lambda, where it finds it in the environment of the one invocation of a process.
    trace: String,
    cut: Notify,
}

/// A call that is held up by [`Wire::hold`].
#[derive(Clone, Debug, Default)]
pub struct HeldCall {
    reached: Arc<Notify>,
    go: Arc<Notify>,
}

impl HeldCall {
    /// Waits until the function is about to make the call.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets the call be made.
    pub fn let_go(&self) {
        self.go.notify_one();
    }
}

/// The invocation was ended by [`Wire::cut_after`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function's process is gone")]
pub struct CutOff;

impl Wire {
    /// A function's counts since the start or the last [`Wire::reset`].
    pub fn usage(&self, function: &str) -> Usage {
        self.state()
            .usage
            .get(function)
            .cloned()
            .unwrap_or_default()
    }

    /// Sets all counts to zero.
    pub fn reset(&self) {
        self.state().usage.clear();
    }

    /// Asks DynamoDB for the capacity of each call from now on, or stops asking.
    pub fn measure_capacity(&self, measure: bool) {
        self.state().measures_capacity = measure;
    }

    /// Cuts `function` off at its `calls`-th AWS call from now, counted over its invocations: the call is made,
    /// its answer is lost. With 0 the next invocation ends before it does anything.
    pub fn cut_after(&self, function: &str, calls: u32) {
        self.state().cuts.insert(function.to_owned(), calls);
    }

    /// Holds up the function's next call of this operation (named as in [`Usage::calls`]), so that a test can
    /// change something between the function's read and its write.
    pub fn hold(&self, function: &str, operation: &str) -> HeldCall {
        let held = HeldCall::default();
        let call = (function.to_owned(), operation.to_owned());
        self.state().holds.insert(call, held.clone());
        held
    }

    /// The functions whose invocations were cut off since the last call of this.
    pub fn take_cuts(&self) -> Vec<String> {
        std::mem::take(&mut self.state().cut_off)
    }

    /// Runs one invocation of `function`. Its calls carry the lineage on.
    pub(crate) async fn invocation<T>(
        &self,
        function: &str,
        lineage: Lineage,
        run: impl Future<Output = T>,
    ) -> Result<T, CutOff> {
        let invocation = Arc::new(Invocation {
            function: function.to_owned(),
            trace: lineage.to_string(),
            cut: Notify::new(),
        });
        let cut = Arc::clone(&invocation);
        {
            let mut state = self.state();
            state.usage_of(function).invocations += 1;
            if state.cuts.get(function) == Some(&0) {
                state.cuts.remove(function);
                cut.cut.notify_one();
            }
        }
        tokio::select! {
            // A cut wins over an answer that is ready at the same time, since the process is gone.
            biased;
            () = cut.cut.notified() => {
                self.state().cut_off.push(function.to_owned());
                Err(CutOff)
            }
            done = INVOCATION.scope(invocation, run) => Ok(done),
        }
    }

    /// The functions' client, which sends over `inner`.
    pub fn client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(CountingClient {
            inner,
            wire: self.clone(),
        })
    }

    pub(crate) fn measures_capacity(&self) -> bool {
        self.state().measures_capacity
    }

    pub(crate) fn add_capacity(
        &self,
        function: &str,
        table: &str,
        operation: &str,
        used: Capacity,
    ) {
        let mut state = self.state();
        let key = (table.to_owned(), operation.to_owned());
        let sum = state.usage_of(function).capacity.entry(key).or_default();
        sum.read += used.read;
        sum.write_table += used.write_table;
        sum.write += used.write;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usage_of(&mut self, function: &str) -> &mut Usage {
        self.usage.entry(function.to_owned()).or_default()
    }

    /// Counts a call; returns whether the function is cut off at it.
    fn is_cut_at_this_call(&mut self, function: &str) -> bool {
        let Some(left) = self.cuts.get_mut(function) else {
            return false;
        };
        *left = left.saturating_sub(1);
        let is_cut = *left == 0;
        if is_cut {
            self.cuts.remove(function);
        }
        is_cut
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[derive(Debug)]
struct CountingClient {
    inner: SharedHttpClient,
    wire: Wire,
}

impl HttpClient for CountingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CountingConnector {
            inner: self.inner.http_connector(settings, components),
            wire: self.wire.clone(),
        })
    }
}

#[derive(Debug)]
struct CountingConnector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for CountingConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        // Functions also make calls when they start, outside any invocation.
        let Ok(invocation) = INVOCATION.try_with(Arc::clone) else {
            return self.inner.call(request);
        };
        // The signature does not cover it, which AWS allows as well.
        let trace = invocation.trace.clone();
        request.headers_mut().insert(TRACE_HEADER, trace);
        let operation = operation(&request);
        let (is_cut, held) = {
            let mut state = self.wire.state();
            let usage = state.usage_of(&invocation.function);
            *usage.calls.entry(operation.clone()).or_default() += 1;
            let held = state
                .holds
                .remove(&(invocation.function.clone(), operation));
            (state.is_cut_at_this_call(&invocation.function), held)
        };
        let inner = self.inner.clone();
        let answer = HttpConnectorFuture::new(async move {
            if let Some(held) = held {
                held.reached.notify_one();
                held.go.notified().await;
            }
            inner.call(request).await
        });
        if !is_cut {
            return answer;
        }
        HttpConnectorFuture::new(async move {
            let lost = answer.await;
            drop(lost);
            invocation.cut.notify_one();
            std::future::pending().await
        })
    }
}

/// `service:Operation`, from the header, body or path that holds it in the service's protocol.
fn operation(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        let (service, name) = target.rsplit_once('.').unwrap_or(("", target));
        let service = match service.split('_').next().unwrap_or_default() {
            "DynamoDB" | "DynamoDBStreams" => "dynamodb",
            "AmazonSQS" => "sqs",
            "AWSEvents" => "events",
            other => other,
        };
        return format!("{service}:{name}");
    }
    let body = request.body().bytes().unwrap_or_default();
    let action = body
        .split(|byte| *byte == b'&')
        .find_map(|pair| pair.strip_prefix(b"Action="));
    if let Some(action) = action {
        return format!("sts:{}", String::from_utf8_lossy(action));
    }
    match (request.method(), request.uri().contains("/schedules/")) {
        ("POST", true) => "scheduler:CreateSchedule".to_owned(),
        ("DELETE", true) => "scheduler:DeleteSchedule".to_owned(),
        ("GET", true) => "scheduler:GetSchedule".to_owned(),
        (method, _) => format!("{method} request"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Answers every call with 200 and counts the calls.
    #[derive(Clone, Debug, Default)]
    struct Answering(Arc<AtomicU32>);

    impl HttpConnector for Answering {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::Relaxed);
            let ok = 200.try_into().unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(ok, SdkBody::empty())))
        }
    }

    fn connector(wire: &Wire) -> (CountingConnector, Answering) {
        let cloud = Answering::default();
        let connector = CountingConnector {
            inner: SharedHttpConnector::new(cloud.clone()),
            wire: wire.clone(),
        };
        (connector, cloud)
    }

    fn request(target: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri("http://127.0.0.1/").unwrap();
        request
            .headers_mut()
            .insert("x-amz-target", target.to_owned());
        request
    }

    #[tokio::test]
    async fn the_call_of_a_cut_is_made_and_its_answer_lost() {
        let wire = Wire::default();
        let (connector, cloud) = connector(&wire);
        wire.cut_after("order-grab", 2);
        let reached = Arc::new(AtomicU32::new(0));
        let run = async {
            for _ in 0..3 {
                connector
                    .call(request("DynamoDB_20120810.GetItem"))
                    .await
                    .unwrap();
                reached.fetch_add(1, Ordering::Relaxed);
            }
        };
        assert_eq!(
            wire.invocation("order-grab", Lineage::default(), run).await,
            Err(CutOff)
        );
        assert_eq!(cloud.0.load(Ordering::Relaxed), 2);
        assert_eq!(reached.load(Ordering::Relaxed), 1);
        assert_eq!(wire.take_cuts(), ["order-grab"]);
        assert_eq!(wire.usage("order-grab").calls["dynamodb:GetItem"], 2);
    }

    #[tokio::test]
    async fn a_call_carries_the_lineage_of_its_invocation() {
        #[derive(Clone, Debug, Default)]
        struct Tracing(Arc<Mutex<Option<String>>>);
        impl HttpConnector for Tracing {
            fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
                *self.0.lock().unwrap() = request.headers().get(TRACE_HEADER).map(str::to_owned);
                Answering::default().call(request)
            }
        }
        let (wire, cloud) = (Wire::default(), Tracing::default());
        let connector = CountingConnector {
            inner: SharedHttpConnector::new(cloud.clone()),
            wire: wire.clone(),
        };
        let lineage = Lineage::read("Lineage=a:2").through("b");
        let run = async {
            let call = connector.call(request("AmazonSQS.SendMessage"));
            call.await.unwrap();
        };
        assert_eq!(wire.invocation("b", lineage, run).await, Ok(()));
        let sent = cloud.0.lock().unwrap().clone();
        assert_eq!(sent.as_deref(), Some("Lineage=a:2|b:1"));
    }

    #[tokio::test]
    async fn a_cut_counts_only_that_functions_calls_over_its_invocations() {
        let wire = Wire::default();
        let (connector, _) = connector(&wire);
        wire.cut_after("order-grab", 2);
        let call = || async {
            connector
                .call(request("AmazonSQS.SendMessage"))
                .await
                .unwrap();
        };
        assert_eq!(
            wire.invocation("review", Lineage::default(), call()).await,
            Ok(())
        );
        assert_eq!(
            wire.invocation("order-grab", Lineage::default(), call())
                .await,
            Ok(())
        );
        assert_eq!(
            wire.invocation("order-grab", Lineage::default(), call())
                .await,
            Err(CutOff)
        );
        assert_eq!(
            wire.invocation("order-grab", Lineage::default(), call())
                .await,
            Ok(())
        );
        assert_eq!(wire.usage("order-grab").invocations, 3);
    }

    #[tokio::test]
    async fn a_held_call_is_made_when_it_is_let_go() {
        let wire = Wire::default();
        let (connector, cloud) = connector(&wire);
        let held = wire.hold("review", "dynamodb:PutItem");
        let run = wire.invocation("review", Lineage::default(), async {
            for call in ["GetItem", "PutItem", "PutItem"] {
                let target = format!("DynamoDB_20120810.{call}");
                connector.call(request(&target)).await.unwrap();
            }
        });
        let other = async {
            held.reached().await;
            assert_eq!(cloud.0.load(Ordering::Relaxed), 1);
            held.let_go();
        };
        let (done, ()) = tokio::join!(run, other);
        assert_eq!(done, Ok(()));
        assert_eq!(cloud.0.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn with_a_cut_at_0_no_call_is_made() {
        let wire = Wire::default();
        let (connector, cloud) = connector(&wire);
        wire.cut_after("review", 0);
        let call = async {
            connector
                .call(request("AmazonSQS.SendMessage"))
                .await
                .unwrap();
        };
        assert_eq!(
            wire.invocation("review", Lineage::default(), call).await,
            Err(CutOff)
        );
        assert_eq!(cloud.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn operations_are_named_in_every_protocol() {
        assert_eq!(
            operation(&request("AWSEvents.PutEvents")),
            "events:PutEvents"
        );
        let body = "Version=2011-06-15&Action=AssumeRole&RoleArn=x";
        let mut sts = HttpRequest::new(SdkBody::from(body));
        sts.set_uri("http://127.0.0.1/").unwrap();
        assert_eq!(operation(&sts), "sts:AssumeRole");
        let mut schedule = HttpRequest::new(SdkBody::empty());
        schedule.set_method("POST").unwrap();
        schedule.set_uri("http://127.0.0.1/schedules/name").unwrap();
        assert_eq!(operation(&schedule), "scheduler:CreateSchedule");
    }
}
