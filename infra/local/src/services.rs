//! Tables, queues, schedules and the bus in this process, and the triggers of functions.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use local_cloud::iam::Identities;
use local_cloud::{Clock, Cloud};
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::dynamo::Dynamo;
use crate::front_door::FrontDoor;
use crate::keys::Keys;
use crate::mappings::QueueMapping;
use crate::streams::StreamMapping;
use crate::template::{EventSource, Function, Stack};
use crate::timer::{NextAt, Timer};
use crate::trigger_context::TriggerContext;
use crate::wire::Wire;
use crate::{ACCOUNT, REGION};

/// [`Services::drain`] returns after so many checks in a row that found no work, with a pause before each.
const QUIET_LOOKS: u32 = 3;
const QUIET_PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Services {
    cloud: Arc<Cloud>,
    dynamo: Dynamo,
    /// Queues that trigger functions.
    queues: Vec<String>,
    /// For each stream's consumer: the count of writes up to which it has processed all.
    streams: Vec<Arc<AtomicU64>>,
    times: Vec<NextAt>,
}

impl Services {
    /// Opens the files, and creates the resources that the template describes.
    pub(crate) async fn open(
        stack: &Stack,
        keys: &Keys,
        (tables, rest): (Option<&Path>, Option<&Path>),
        identities: &Arc<Identities>,
        clock: &Clock,
    ) -> Result<Self> {
        let dynamo = Dynamo::open(tables, &stack.tables)?;
        let cloud = Cloud::open(rest, clock.clone(), Arc::clone(identities), REGION, ACCOUNT)?;
        provision(&cloud, stack, keys).await?;
        Ok(Self {
            cloud,
            dynamo,
            queues: Vec::new(),
            streams: Vec::new(),
            times: Vec::new(),
        })
    }

    pub(crate) fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// DynamoDB's router, and that of all other services.
    pub(crate) fn routers(&self, wire: &Wire) -> (Router, Router) {
        let identities = Arc::clone(self.cloud.identities());
        let door = FrontDoor::new(&self.dynamo, identities, wire.clone());
        (door.router(), self.cloud.router())
    }

    /// Starts the queues, streams and timers that trigger this function.
    pub(crate) async fn start_triggers(
        &mut self,
        function: &Function,
        context: &TriggerContext,
        tasks: &mut JoinSet<()>,
    ) -> Result<()> {
        for event in &function.events {
            match event {
                EventSource::Http(_) => {}
                EventSource::Queue(source) => {
                    let mapping = QueueMapping::new(context, function, source)?;
                    // The process that received them has ended.
                    self.cloud.release_in_flight(mapping.queue()).await?;
                    self.queues.push(mapping.queue().to_owned());
                    tasks.spawn(mapping.run());
                }
                EventSource::Stream(source) => {
                    let mapping = StreamMapping::new(context, &self.dynamo, function, source)?;
                    self.streams.push(mapping.caught_up());
                    tasks.spawn(mapping.run());
                }
                EventSource::Time(source) => {
                    let timer = Timer::new(context, function, source);
                    self.times.push(timer.next_at());
                    tasks.spawn(timer.run());
                }
            }
        }
        Ok(())
    }

    /// See [`Platform::drain`](crate::platform::Platform::drain).
    pub(crate) async fn drain(&self, activity: &Activity) -> Result<()> {
        let mut quiet = 0;
        let mut begun = activity.begun();
        while quiet < QUIET_LOOKS {
            tokio::time::sleep(QUIET_PAUSE).await;
            let now_begun = activity.begun();
            let is_quiet = now_begun == begun && self.is_quiet(activity).await?;
            begun = now_begun;
            quiet = if is_quiet { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    async fn is_quiet(&self, activity: &Activity) -> Result<bool> {
        if activity.running() > 0 {
            return Ok(false);
        }
        let now = self.cloud.clock().now_ms();
        if self.cloud.next_schedule_at().is_some_and(|at| at <= now) {
            return Ok(false);
        }
        if self.times.iter().any(|next_at| next_at.is_due(now)) {
            return Ok(false);
        }
        for queue in &self.queues {
            if self.cloud.depth(queue).await?.visible > 0 {
                return Ok(false);
            }
        }
        Ok(self.streams_are_done())
    }

    fn streams_are_done(&self) -> bool {
        let writes = self.dynamo.writes().count();
        let mut streams = self.streams.iter();
        streams.all(|caught_up| caught_up.load(Ordering::SeqCst) == writes)
    }

    /// Deletes items whose time to live has passed, and day-old stream records that all consumers have read.
    pub(crate) fn sweep(&self) -> Result<()> {
        self.dynamo.sweep()?;
        if self.streams_are_done() {
            self.dynamo.trim_streams()?;
        }
        Ok(())
    }
}

async fn provision(cloud: &Arc<Cloud>, stack: &Stack, keys: &Keys) -> Result<()> {
    for bucket in &stack.buckets {
        cloud.create_bucket(&bucket.name, bucket.locked_days.is_some());
    }
    for key in &stack.signing_keys {
        cloud.add_signing_key(&key.id, &keys.signing_seed(&key.logical))?;
    }
    for queue in &stack.queues {
        cloud
            .create_queue(&queue.name, &stack.attributes(queue))
            .await
            .with_context(|| format!("the queue `{}` cannot be created", queue.name))?;
    }
    for group in &stack.schedule_groups {
        cloud.create_schedule_group(group);
    }
    for bus in &stack.buses {
        cloud.create_bus(bus);
    }
    for rule in &stack.rules {
        let targets = rule.targets.iter().map(|target| target.arn.clone());
        cloud
            .put_rule(&rule.bus, &rule.name, &rule.pattern, targets.collect())
            .with_context(|| format!("the rule `{}` cannot be created", rule.name))?;
    }
    Ok(())
}
