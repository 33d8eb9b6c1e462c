//! Shared by the queues, streams and timers that trigger functions.

use std::sync::Arc;

use anyhow::{Context, Result};
use local_cloud::{Clock, Cloud};

use crate::activity::Activity;
use crate::invoker::Invoker;
use crate::template::Function;

#[derive(Clone)]
pub(crate) struct TriggerContext {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) invoker: Invoker,
    pub(crate) activity: Activity,
}

impl TriggerContext {
    pub(crate) fn clock(&self) -> &Clock {
        self.cloud.clock()
    }

    /// Checks, as Lambda does, that the function's role lets Lambda do `action` on the trigger's `resource`.
    pub(crate) fn check_lambda_may(
        &self,
        function: &Function,
        action: &str,
        resource: &str,
    ) -> Result<()> {
        let identities = self.cloud.identities();
        identities
            .authorize_service_under_role(
                "lambda.amazonaws.com",
                &function.role,
                action,
                resource,
                None,
            )
            .with_context(|| format!("{} cannot be triggered by {resource}", function.name))
    }
}

pub(crate) fn queue_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
