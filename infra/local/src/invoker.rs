//! Invokes functions as Lambda does, each within its timeout.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use runtime::function::Invoke;
use serde_json::Value;

use crate::activity::Activity;
use crate::lineage::Lineage;
use crate::wire::{CutOff, Wire};

#[derive(Clone)]
pub struct Invoker {
    inner: Arc<Inner>,
}

struct Inner {
    functions: OnceLock<BTreeMap<String, StartedFunction>>,
    wire: Wire,
    activity: Activity,
    count: AtomicU64,
}

pub struct StartedFunction {
    pub invoke: Invoke,
    pub timeout: Duration,
}

/// Why an invocation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    #[error("there is no function `{0}`")]
    Unknown(String),
    #[error("the function took longer than {} s", .0.as_secs())]
    TimedOut(Duration),
    /// A test cut it off.
    #[error(transparent)]
    CutOff(#[from] CutOff),
    /// The handler failed or panicked.
    #[error("the function failed: {0}")]
    Failed(String),
}

impl Invoker {
    /// Knows no functions yet: [`Invoker::start`] adds them once the services that they call are ready.
    pub fn new(wire: Wire, activity: Activity) -> Self {
        Self {
            inner: Arc::new(Inner {
                functions: OnceLock::new(),
                wire,
                activity,
                count: AtomicU64::new(0),
            }),
        }
    }

    /// Adds the functions, by the name of their code. A second call changes nothing.
    pub fn start(&self, functions: BTreeMap<String, StartedFunction>) {
        let _ = self.inner.functions.set(functions);
    }

    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        let started = self
            .inner
            .functions
            .get()
            .and_then(|functions| functions.get(function))
            .ok_or_else(|| InvokeError::Unknown(function.to_owned()))?;
        let _running = self.inner.activity.begin();
        let lineage = Lineage::of(&event).through(function);
        let run = tokio::time::timeout(started.timeout, (started.invoke)(event));
        match self.inner.wire.invocation(function, lineage, run).await? {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(InvokeError::Failed(error.to_string())),
            Err(_) => Err(InvokeError::TimedOut(started.timeout)),
        }
    }

    /// A request id that is unique in this run.
    pub fn request_id(&self) -> String {
        let count = self.inner.count.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{count:012x}")
    }
}
