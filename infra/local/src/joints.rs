//! What everything that triggers functions needs.

use std::sync::Arc;

use anyhow::{Context, Result};
use local_cloud::{Clock, Cloud};

use crate::activity::Activity;
use crate::invoker::Invoker;
use crate::template::Function;

/// The cloud that messages, records and times come from, and the functions that they go to.
#[derive(Clone)]
pub(crate) struct Joints {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) invoker: Invoker,
    pub(crate) activity: Activity,
}

impl Joints {
    pub(crate) fn clock(&self) -> &Clock {
        self.cloud.clock()
    }

    /// Checks, as Lambda does, that the function's role lets Lambda do this with what triggers it.
    pub(crate) fn may_lambda(
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

/// The queue's name: the last part of its ARN.
pub(crate) fn queue_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
