//! Tables, queues, schedules and bus in this process, and what joins functions to them.

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
use crate::joints::Joints;
use crate::keys::Keys;
use crate::mappings::Mapping;
use crate::streams::StreamMapping;
use crate::template::{EventSource, Function, Stack};
use crate::timer::{NextAt, Timer};
use crate::wire::Wire;
use crate::{ACCOUNT, REGION};

/// Nothing must have happened for so long, in several looks, before all counts as quiet.
const QUIET_LOOKS: u32 = 3;
const QUIET_PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Services {
    cloud: Arc<Cloud>,
    dynamo: Dynamo,
    /// Queues that trigger functions.
    queues: Vec<String>,
    /// Up to which count of writes each stream's consumer is done.
    streams: Vec<Arc<AtomicU64>>,
    /// When each schedule that invokes a function is due next.
    times: Vec<NextAt>,
}

impl Services {
    /// Opens what is stored in these files, and makes what the template describes.
    pub(crate) async fn open(
        stack: &Stack,
        keys: &Keys,
        (tables, rest): (Option<&Path>, Option<&Path>),
        identities: &Arc<Identities>,
        clock: &Clock,
    ) -> Result<Self> {
        let dynamo = Dynamo::start(tables, &stack.tables).await?;
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

    /// DynamoDB's endpoint, and the one of everything else.
    pub(crate) fn routers(&self, wire: &Wire) -> Result<(Router, Router)> {
        let identities = Arc::clone(self.cloud.identities());
        let door = FrontDoor::new(&self.dynamo, identities, wire.clone())?;
        Ok((door.router(), self.cloud.router()))
    }

    /// Starts what triggers this function, but for HTTP.
    pub(crate) async fn join(
        &mut self,
        function: &Function,
        joints: &Joints,
        tasks: &mut JoinSet<()>,
    ) -> Result<()> {
        for event in &function.events {
            match event {
                EventSource::Http(_) => {}
                EventSource::Queue(source) => {
                    let mapping = Mapping::new(joints, function, source)?;
                    // Whoever received them is gone.
                    self.cloud.release_in_flight(mapping.queue()).await?;
                    self.queues.push(mapping.queue().to_owned());
                    tasks.spawn(mapping.run());
                }
                EventSource::Stream(source) => {
                    let mapping = StreamMapping::new(joints, &self.dynamo, function, source)?;
                    self.streams.push(mapping.caught_up());
                    tasks.spawn(mapping.run());
                }
                EventSource::Time(source) => {
                    let timer = Timer::new(joints, function, source);
                    self.times.push(timer.next_at());
                    tasks.spawn(timer.run());
                }
            }
        }
        Ok(())
    }

    /// Waits until nothing that triggers a function is left.
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

    /// Deletes items whose time to live is over, and stream records that are a day old and done with.
    pub(crate) fn sweep(&self) -> Result<()> {
        self.dynamo.sweep()?;
        if self.streams_are_done() {
            self.dynamo.trim_streams()?;
        }
        Ok(())
    }

    /// Stops serving, and closes what is stored.
    pub(crate) async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || self.dynamo.stop()).await;
    }
}

/// Buckets, keys, queues with their policies, groups of schedules, buses, rules and their targets.
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
            .with_context(|| format!("the queue `{}` cannot be made", queue.name))?;
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
            .with_context(|| format!("the rule `{}` cannot be made", rule.name))?;
    }
    Ok(())
}
