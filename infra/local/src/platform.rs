//! Starts and stops the whole platform.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_types::SdkConfig;
use axum::Router;
use demo::{Aws, City, Demo, ServiceEndpoints, Site};
use domain::market::Market;
use domain::time::Millis;
use futures::FutureExt;
use local_cloud::iam::{Identities, RoleDescription};
use local_cloud::{Clock, Cloud};
use serde_json::Value;
use settings::Settings;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::data_dir::DataDir;
use crate::gateway::{self, Gateway};
use crate::invoker::{InvokeError, Invoker, StartedFunction};
use crate::keys::{AccessKey, Keys, write_private};
use crate::offers::Offers;
use crate::parameters;
use crate::ports::Ports;
use crate::sdk::{self, Endpoints};
use crate::services::Services;
use crate::serving;
use crate::sms;
use crate::template::{self, Stack};
use crate::trigger_context::TriggerContext;
use crate::wechat;
use crate::wire::Wire;
use crate::{ACCOUNT, REGION};

const STACK: &str = "homehail";
const OPERATOR: &str = "operator";
/// Factor on the functions' timeouts: on Lambda each invocation has its own cores, here hundreds share a few.
const TIMEOUT_FACTOR: u32 = 20;
const CLIENTS_MAY_STALL: Duration = Duration::from_secs(30);
const SWEEP_EVERY: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; 0 picks a free one.
    pub port: u16,
    /// The data directory; `None`: nothing outlives the run.
    pub data_dir: Option<PathBuf>,
    /// Empties the data directory first.
    pub fresh: bool,
    /// How long orders placed in this run stay on offer.
    pub grab_window: Duration,
    /// Whether the market has its caps.
    pub caps: bool,
    /// Whether one address may ask only so often for what needs no session.
    pub limits_addresses: bool,
    pub city: City,
    /// The template's text; by default the project's own.
    pub template: String,
    /// Values of template parameters that replace those of a local run.
    pub parameters: BTreeMap<String, String>,
    /// Whether to show on standard error how much of the city is loaded.
    pub progress: bool,
}

impl Default for Options {
    /// For tests: in memory, on a free port, without a city.
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            fresh: false,
            grab_window: Duration::from_secs(180),
            caps: true,
            limits_addresses: false,
            city: City::None,
            template: template::SOURCE.to_owned(),
            parameters: BTreeMap::new(),
            progress: false,
        }
    }
}

/// The running platform. Dropping it is like killing its process; [`Platform::shutdown`] stops it in order.
pub struct Platform {
    base_url: String,
    stand_in: String,
    endpoints: Endpoints,
    demo: Demo,
    keys: Keys,
    clock: Clock,
    services: Services,
    invoker: Invoker,
    wire: Wire,
    activity: Activity,
    stack: Stack,
    tasks: JoinSet<()>,
    /// Holds the directory's lock.
    data_dir: Option<DataDir>,
}

impl Platform {
    /// Returns when the platform is ready for requests.
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
        let stand_in = url(&ports.wechat)?;
        let clock = Clock::system();
        let parameters = parameters::for_run(
            options.grab_window,
            &options.parameters,
            &keys,
            STACK,
            &stand_in,
            &base_url,
            clock.now_ms(),
        )?;
        let badge_host = parameters["BadgeHost"].clone();
        let settings = template::Settings {
            stack: STACK.to_owned(),
            queue_endpoint: endpoints.cloud.clone(),
            api_endpoint: base_url.clone(),
            parameters,
            secret: &|name| keys.secret(name),
        };
        let mut stack =
            template::load(&options.template, &settings).context("the template cannot be read")?;
        if !options.caps {
            lift_caps(&mut stack)?;
        }

        let wire = Wire::default();
        let activity = Activity::default();
        let invoker = Invoker::new(wire.clone(), activity.clone());
        let function_clock = {
            let clock = clock.clone();
            settings::Clock::new(move || Millis(clock.now_ms()))
        };
        let gateway = Gateway::new(
            &stack,
            invoker.clone(),
            function_clock.clone(),
            ACCOUNT,
            &badge_host,
        )?;

        let mut tasks = JoinSet::new();
        let identities = Arc::new(Identities::new(clock.clone(), REGION, ACCOUNT));
        add_identities(&identities, &stack, &keys)?;
        let (tables, rest) = (file("tables.sqlite"), file("cloud.sqlite"));
        let files = (tables.as_deref(), rest.as_deref());
        let mut services = Services::open(&stack, &keys, files, &identities, &clock).await?;
        let (dynamodb, cloud) = services.routers(&wire);
        serve(&mut tasks, ports.dynamodb, dynamodb);
        serve(&mut tasks, ports.cloud, cloud);
        let people = wechat::router(keys.secret_text("wechat token"));
        let sms = sms::Sender::new(keys.secret("SmsSecret"));
        let offers = Offers::new(sms.clone(), gateway.clone());
        serve(&mut tasks, ports.wechat, people.merge(sms.router()));
        serve(&mut tasks, ports.gateway, offers.clone().router());

        let client = wire.client(sdk::plain_client());
        let mut functions = BTreeMap::new();
        for function in &stack.functions {
            let key = keys.access_key(&function.code);
            let sdk = sdk::config(&key, REGION, &endpoints, client.clone());
            // offer-queue tells this endpoint to agencies that poll.
            let mut variables = function.environment.clone();
            variables.insert("AWS_ENDPOINT_URL_SQS".to_owned(), endpoints.cloud.clone());
            let settings = Settings::new(variables, sdk, function_clock.clone());
            let started = StartedFunction {
                invoke: crate::functions::start(&function.code, &settings)?,
                timeout: function.timeout * TIMEOUT_FACTOR,
            };
            functions.insert(function.code.clone(), started);
        }
        invoker.start(functions);

        let context = TriggerContext {
            cloud: Arc::clone(services.cloud()),
            invoker: invoker.clone(),
            activity: activity.clone(),
        };
        for function in &stack.functions {
            services
                .start_triggers(function, &context, &mut tasks)
                .await?;
        }
        let mut platform = Self {
            base_url,
            stand_in,
            endpoints,
            demo: Demo::default(),
            keys,
            clock,
            services,
            invoker,
            wire,
            activity,
            stack,
            tasks,
            data_dir,
        };
        platform.demo = platform.load_demo(&options).await?;
        offers.open(&platform.demo);
        // The city registers from one address.
        if options.limits_addresses {
            gateway.limit_addresses(gateway::RULES);
        }
        Ok(platform)
    }

    /// Loads what is missing of the city, and writes `demo.json`.
    async fn load_demo(&self, options: &Options) -> Result<Demo> {
        let file = |name| self.data_dir.as_ref().map(|directory| directory.file(name));
        let path = file("demo.json");
        let before = path.as_ref().and_then(|path| std::fs::read(path).ok());
        let before = before.and_then(|content| serde_json::from_slice(&content).ok());
        let cloud = &self.endpoints.cloud;
        let operator = self.operator_key();
        let settings = self.operator_settings();
        let site = Site {
            base_url: &self.base_url,
            client: reqwest::Client::builder().no_proxy().build()?,
            aws: Aws {
                region: REGION.to_owned(),
                endpoints: ServiceEndpoints {
                    dynamodb: self.endpoints.dynamodb.clone(),
                    sqs: cloud.clone(),
                    scheduler: cloud.clone(),
                    events: cloud.clone(),
                    sts: cloud.clone(),
                    s3: cloud.clone(),
                    kms: cloud.clone(),
                },
                access_key_id: operator.id,
                secret_access_key: operator.secret,
            },
            settings: &settings,
            secret_text: &|purpose| self.keys.secret_text(purpose),
            source_seed: self.keys.signing_seed(demo::SOURCE),
            now: Millis(self.clock.now_ms()),
            drain: &|| self.drain().boxed(),
            write: write_private,
            shows_progress: options.progress,
        };
        let kept = file("demo-workers.json");
        let demo = demo::load(&site, options.city, before, kept.as_deref()).await?;
        if let Some(path) = path {
            write_private(&path, &serde_json::to_vec_pretty(&demo)?)?;
        }
        Ok(demo)
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where a GET answers the login code that was sent last to a phone, behind a slash.
    pub fn sent_codes(&self) -> String {
        format!("{}{}", self.stand_in, sms::PATH)
    }

    /// The content of `demo.json`.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// The clock of all services and functions. A test can move it.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn cloud(&self) -> &Arc<Cloud> {
        self.services.cloud()
    }

    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The prefix of the names of queues, tables and other resources.
    pub fn stack_name(&self) -> &'static str {
        STACK
    }

    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    fn operator_key(&self) -> AccessKey {
        self.keys.access_key(OPERATOR)
    }

    /// AWS configuration with the operator's key, which may do everything.
    pub fn operator_sdk_config(&self) -> SdkConfig {
        sdk::config(
            &self.operator_key(),
            REGION,
            &self.endpoints,
            sdk::plain_client(),
        )
    }

    /// Settings with the variables of all functions. A variable has the same value in each function.
    pub fn operator_settings(&self) -> Settings {
        let functions = self.stack.functions.iter();
        let variables = functions.flat_map(|function| function.environment.clone());
        let clock = self.clock.clone();
        let clock = settings::Clock::new(move || Millis(clock.now_ms()));
        Settings::new(variables.collect(), self.operator_sdk_config(), clock)
    }

    /// Deletes items whose time to live has passed.
    pub fn sweep(&self) -> Result<()> {
        self.services.sweep()
    }

    /// `function` is the name of its code, such as `order-grab`.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, InvokeError> {
        self.invoker.invoke(function, event).await
    }

    /// Waits until there is no work left at the clock's present time: no invocation runs, no queue that
    /// triggers a function has a message that can be received, no schedule is due, and every stream's consumer
    /// has processed all writes. It does not wait for a failed message's visibility timeout: move the clock to
    /// have it received again.
    pub async fn drain(&self) -> Result<()> {
        self.services.drain(&self.activity).await
    }

    /// Deletes expired items every minute until the future is dropped.
    pub async fn sweep_periodically(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            if let Err(error) = self.services.sweep() {
                tracing::error!(%error, "expired items cannot be swept");
            }
        }
    }

    /// Stops everything. Unfinished work continues at the next start if there is a data directory.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Of the one setting that all functions have.
fn lift_caps(stack: &mut Stack) -> Result<()> {
    for function in &mut stack.functions {
        if let Some(market) = function.environment.get_mut("MARKET") {
            *market = serde_json::to_string(&Market::from_json(market)?.without_caps())?;
        }
    }
    Ok(())
}

fn url(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    tasks.spawn(serving::serve(listener, router, CLIENTS_MAY_STALL));
}

/// Adds every role with its policies, an access key for each function, and the operator's.
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
            .with_context(|| format!("the role `{}` cannot be read", role.name))?;
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
