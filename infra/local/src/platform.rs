//! Starts everything, in the order in which each needs the other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use axum::Router;
use domain::time::Millis;
use local_cloud::iam::{Identities, RoleDescription};
use local_cloud::{Clock, Cloud};
use runtime::Environment;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::data_dir::DataDir;
use crate::demo::{self, City, Demo};
use crate::dynamo::Dynamo;
use crate::front_door::FrontDoor;
use crate::gateway::Gateway;
use crate::invoker::{InvokeError, Invoker, Started};
use crate::keys::Keys;
use crate::mappings::Mapping;
use crate::ports::Ports;
use crate::sdk::{self, Endpoints};
use crate::streams::StreamMapping;
use crate::template::{self, EventSource, Stack};
use crate::wechat;
use crate::wire::Wire;

/// The stack's name.
const STACK: &str = "homehail";
/// The region that everything pretends to be in.
const REGION: &str = "us-east-1";
/// The account that everything belongs to.
const ACCOUNT: &str = "000000000000";
const OPERATOR: &str = "operator";
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Nothing must have happened for so long, in several looks, before all counts as quiet.
const QUIET_LOOKS: u32 = 3;
const QUIET_PAUSE: Duration = Duration::from_millis(10);

/// How a run is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; 0 picks a free one.
    pub port: u16,
    /// Where everything durable lives; without it, nothing outlives the run.
    pub data_dir: Option<PathBuf>,
    /// Empties the data directory first.
    pub fresh: bool,
    /// How long orders placed in this run stay on offer.
    pub grab_window: Duration,
    /// The city to load.
    pub city: City,
    /// The template; the project's own unless a test has another.
    pub template: String,
    /// Further parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// Whether a bar on standard error shows how the city is loaded.
    pub progress: bool,
}

impl Default for Options {
    /// In memory, on a free port, without a city: what a test wants.
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            fresh: false,
            grab_window: Duration::from_secs(180),
            city: City::None,
            template: template::SOURCE.to_owned(),
            parameters: BTreeMap::new(),
            progress: false,
        }
    }
}

/// The whole platform, running. Dropping it ends it as a killed process ends, more or less;
/// [`Platform::shutdown`] does so tidily.
pub struct Platform {
    base_url: String,
    endpoints: Endpoints,
    demo: Demo,
    keys: Keys,
    clock: Clock,
    cloud: Arc<Cloud>,
    dynamo: Dynamo,
    gateway: Gateway,
    invoker: Invoker,
    wire: Wire,
    activity: Activity,
    stack: Stack,
    mapped_queues: Vec<String>,
    streams: Vec<Arc<AtomicU64>>,
    tasks: JoinSet<()>,
    /// Kept for its lock.
    _data_dir: Option<DataDir>,
}

impl Platform {
    /// Starts everything, and returns when it is ready for requests.
    ///
    /// # Errors
    /// When the template is not understood, a port or the data directory is taken, or what is
    /// stored cannot be read.
    pub async fn start(options: Options) -> Result<Self> {
        let data_dir = match &options.data_dir {
            Some(path) => Some(DataDir::open(path, options.fresh)?),
            None => None,
        };
        let file = |name: &str| data_dir.as_ref().map(|directory| directory.file(name));
        let keys = match file("key") {
            Some(path) => Keys::open(&path)?,
            None => Keys::random()?,
        };
        let ports = Ports::bind(options.port, file("ports.json").as_deref()).await?;
        let base_url = url(&ports.gateway)?;
        let endpoints = Endpoints {
            dynamodb: url(&ports.dynamodb)?,
            cloud: url(&ports.cloud)?,
        };
        let stack = load_template(&options, &keys, &base_url, &endpoints, &url(&ports.wechat)?)?;

        let clock = Clock::system();
        let identities = Arc::new(Identities::new(clock.clone(), REGION, ACCOUNT));
        add_identities(&identities, &stack, &keys)?;
        let dynamo = Dynamo::start(
            file("tables.sqlite").as_deref(),
            &stack.tables,
            REGION,
            ACCOUNT,
            &clock,
        )
        .await?;
        let cloud = Cloud::open(
            file("cloud.sqlite").as_deref(),
            clock.clone(),
            Arc::clone(&identities),
            REGION,
            ACCOUNT,
        )?;
        provision(&cloud, &stack).await?;

        let wire = Wire::default();
        let door = FrontDoor::new(
            &dynamo,
            Arc::clone(&identities),
            wire.clone(),
            REGION,
            ACCOUNT,
        )?;
        let activity = Activity::default();
        let invoker = Invoker::new(wire.clone(), activity.clone());
        let function_clock = {
            let clock = clock.clone();
            runtime::Clock::new(move || Millis(clock.now_ms()))
        };
        let gateway = Gateway::new(
            &stack.functions,
            invoker.clone(),
            function_clock.clone(),
            ACCOUNT,
        )?;

        let mut tasks = JoinSet::new();
        serve(&mut tasks, ports.dynamodb, door.router());
        serve(&mut tasks, ports.cloud, cloud.router());
        serve(&mut tasks, ports.wechat, wechat::router());
        serve(&mut tasks, ports.gateway, gateway.clone().router());

        let client = wire.client(sdk::plain_client());
        let mut functions = BTreeMap::new();
        for function in &stack.functions {
            let key = keys.access_key(&function.code);
            let sdk = sdk::config(&key, REGION, &endpoints, client.clone());
            // Besides the template's variables, what tells AWS's own tools where this cloud is: offer-queue
            // passes it on to agencies that poll.
            let mut variables = function.environment.clone();
            variables.insert("AWS_ENDPOINT_URL_SQS".to_owned(), endpoints.cloud.clone());
            let environment = Environment::new(variables, sdk, function_clock.clone());
            let started = Started {
                invoke: crate::functions::start(&function.code, &environment)?,
                timeout: function.timeout,
            };
            functions.insert(function.code.clone(), started);
        }
        invoker.start(functions);

        let mut mapped_queues = Vec::new();
        let mut streams = Vec::new();
        for function in &stack.functions {
            for event in &function.events {
                match event {
                    EventSource::Http(_) => {}
                    EventSource::Queue(source) => {
                        let mapping =
                            Mapping::new(&cloud, &invoker, &activity, function, source, REGION)?;
                        // Whoever received them is gone.
                        cloud.release_in_flight(mapping.queue()).await?;
                        mapped_queues.push(mapping.queue().to_owned());
                        tasks.spawn(mapping.run());
                    }
                    EventSource::Stream(source) => {
                        let mapping = StreamMapping::new(
                            &cloud, &invoker, &activity, &dynamo, function, source, REGION,
                        )?;
                        streams.push(mapping.caught_up());
                        tasks.spawn(mapping.run());
                    }
                }
            }
        }
        let mut platform = Self {
            base_url,
            endpoints,
            demo: Demo::default(),
            keys,
            clock,
            cloud,
            dynamo,
            gateway,
            invoker,
            wire,
            activity,
            stack,
            mapped_queues,
            streams,
            tasks,
            _data_dir: data_dir,
        };
        let path = platform
            ._data_dir
            .as_ref()
            .map(|directory| directory.file("demo.json"));
        platform.demo = demo::load(&platform, &options, path.as_deref()).await?;
        Ok(platform)
    }

    /// Where the HTTP contract is served.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What `demo.json` says.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// The one clock; a test can move it.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Queues, schedules and the bus.
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// Counters and faults.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The gateway, for requests that need no network.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// What the template describes.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Where the emulated services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The region that everything pretends to be in.
    pub fn region(&self) -> &'static str {
        REGION
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn operator_key(&self) -> crate::keys::AccessKey {
        self.keys.access_key(OPERATOR)
    }

    /// A configuration for AWS clients that may do everything.
    pub fn operator_sdk_config(&self) -> SdkConfig {
        sdk::config(
            &self.operator_key(),
            REGION,
            &self.endpoints,
            sdk::plain_client(),
        )
    }

    /// Deletes items whose time to live is over; a running platform does so every minute.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn sweep(&self) -> Result<()> {
        self.dynamo.sweep()
    }

    /// Invokes a function by the name of its code, with an event as Lambda gives it.
    ///
    /// # Errors
    /// When it gives no answer.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.invoker.invoke(function, event).await
    }

    /// Waits until nothing is left to be done at the clock's present time: no invocation runs, no
    /// queue that triggers a function has a message that can be received, no schedule is due, and
    /// every stream's consumer has seen all writes. A message that failed and waits for its
    /// visibility timeout counts as quiet: move the clock to have it come again.
    ///
    /// # Errors
    /// When a queue cannot be looked at.
    pub async fn drain(&self) -> Result<()> {
        let mut quiet = 0;
        let mut begun = self.activity.begun();
        while quiet < QUIET_LOOKS {
            tokio::time::sleep(QUIET_PAUSE).await;
            let now_begun = self.activity.begun();
            let is_quiet = now_begun == begun && self.is_quiet().await?;
            begun = now_begun;
            quiet = if is_quiet { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    async fn is_quiet(&self) -> Result<bool> {
        if self.activity.running() > 0 {
            return Ok(false);
        }
        let now = self.clock.now_ms();
        if self.cloud.next_schedule_at().is_some_and(|at| at <= now) {
            return Ok(false);
        }
        for queue in &self.mapped_queues {
            if self.cloud.depth(queue).await?.visible > 0 {
                return Ok(false);
            }
        }
        let writes = self.dynamo.writes().count();
        Ok(self
            .streams
            .iter()
            .all(|caught_up| caught_up.load(Ordering::SeqCst) == writes))
    }

    /// Runs until the future is dropped: what is left to do beside answering.
    pub async fn keep_house(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            if let Err(error) = self.dynamo.sweep() {
                tracing::error!(%error, "expired items cannot be swept");
            }
        }
    }

    /// Stops everything. What was not finished goes on at the next start.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
        let dynamo = self.dynamo;
        let _ = tokio::task::spawn_blocking(move || dynamo.stop()).await;
    }
}

fn url(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "a port is no longer served");
        }
    });
}

fn load_template(
    options: &Options,
    keys: &Keys,
    base_url: &str,
    endpoints: &Endpoints,
    wechat: &str,
) -> Result<Stack> {
    let mut parameters: BTreeMap<String, String> = [
        (
            "GrabWindowSeconds",
            options.grab_window.as_secs().to_string(),
        ),
        ("SessionPublicKeys", keys.session_public_keys()?),
        ("WeChatEndpoint", wechat.to_owned()),
        ("WeChatAppId", wechat::APP_ID.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    parameters.extend(options.parameters.clone());
    let settings = template::Settings {
        stack: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        partition: crate::partition(REGION).to_owned(),
        queue_endpoint: endpoints.cloud.clone(),
        api_endpoint: base_url.to_owned(),
        parameters,
        secret: &|name| keys.secret(name),
    };
    template::load(&options.template, &settings).context("the template is not understood")
}

/// Every role with its policies, a key for every function's, and one that may do everything.
fn add_identities(identities: &Identities, stack: &Stack, keys: &Keys) -> Result<()> {
    let operator = keys.access_key(OPERATOR);
    identities.add_operator(&operator.id, &operator.secret);
    for role in stack.roles.values() {
        let policies: Vec<Value> = role.policies.iter().map(|p| p.document.clone()).collect();
        let description = RoleDescription {
            name: &role.name,
            trust: &role.trust,
            policies: &policies,
            max_session_seconds: role.max_session_seconds,
        };
        identities
            .add_role(&description)
            .with_context(|| format!("the role `{}` is not understood", role.name))?;
    }
    for function in &stack.functions {
        let role = stack
            .roles
            .get(&function.role)
            .with_context(|| format!("the function `{}` has no role", function.name))?;
        let key = keys.access_key(&function.code);
        identities.add_role_key(&role.name, &function.code, &key.id, &key.secret);
    }
    Ok(())
}

/// Queues with their policies, groups of schedules, buses, rules and their targets.
async fn provision(cloud: &Arc<Cloud>, stack: &Stack) -> Result<()> {
    for queue in &stack.queues {
        let mut attributes = queue.attributes.clone();
        for policy in &stack.queue_policies {
            let name = |url: &String| url.rsplit('/').next() == Some(queue.name.as_str());
            if policy.queues.iter().any(name) {
                attributes.insert("Policy".to_owned(), policy.document.to_string());
            }
        }
        cloud
            .create_queue(&queue.name, &attributes)
            .await
            .with_context(|| format!("the queue `{}` cannot be made", queue.name))?;
    }
    for group in &stack.schedule_groups {
        cloud.create_schedule_group(&group.name).await?;
    }
    for bus in &stack.buses {
        cloud.create_bus(&bus.name).await?;
    }
    for rule in &stack.rules {
        cloud.put_rule(&rule.bus, &rule.name, &rule.pattern).await?;
        for target in &rule.targets {
            cloud
                .put_target(&rule.bus, &rule.name, &target.id, &target.arn)
                .await
                .with_context(|| format!("the rule `{}` cannot have its target", rule.name))?;
        }
    }
    Ok(())
}
