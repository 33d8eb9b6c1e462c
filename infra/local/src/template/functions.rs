//! Reads the template's functions and their triggers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::TemplateError;
use super::properties::{Ignored, Text, Whole, only, properties, read as properties_of};
use super::resolve::Resolver;
use super::yaml::Node;

#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    /// The folder of its crate under `functions/`, which is also the crate's name.
    pub code: String,
    pub role: String,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// Whether Lambda lets chains of messages go through it again and again.
    pub may_loop: bool,
    /// With the values of secrets.
    pub environment: BTreeMap<String, String>,
    pub events: Vec<EventSource>,
}

#[derive(Clone, Debug)]
pub enum EventSource {
    /// Requests to the HTTP API.
    Http(Route),
    /// Messages of a queue.
    Queue(QueueSource),
    /// Changes of a table.
    Stream(StreamSource),
    /// A schedule.
    Time(TimeSource),
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A method and a path, in which `{name}` stands for one segment.
    Exact { method: String, path: String },
    /// `$default`: whatever no other route takes.
    Default,
}

#[derive(Clone, Debug)]
pub struct QueueSource {
    pub queue: String,
    /// The most messages in one invocation.
    pub batch_size: u32,
    /// The most invocations at the same time; `None`: as many as there are.
    pub concurrency: Option<u32>,
    /// Whether the function names the messages that failed. Otherwise a batch succeeds or fails as a whole.
    pub reports_failures: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSource {
    pub name: String,
    pub every: Duration,
    /// Whether the first invocation is at once, as with EventBridge Scheduler. With a rule of EventBridge it
    /// is a period later.
    pub at_once: bool,
    /// The function's event; `None`: a scheduled event of EventBridge.
    pub input: Option<Value>,
}

impl TimeSource {
    /// [`TimeSource::every`] in milliseconds, 1 at least.
    pub(crate) fn every_ms(&self) -> i64 {
        i64::try_from(self.every.as_millis()).map_or(i64::MAX, |every| every.max(1))
    }
}

#[derive(Clone, Debug)]
pub struct StreamSource {
    pub stream: String,
    /// The most records in one invocation.
    pub batch_size: u32,
    /// How often a batch is retried before it is given up; `None`: without limit.
    pub retries: Option<u32>,
    /// Whether a failed batch is halved, to isolate the record that fails.
    pub bisects: bool,
    /// Whether the function names the first record that failed.
    pub reports_failures: bool,
    /// The ARN of the queue that gets the positions of records that were given up.
    pub on_failure: Option<String>,
    /// Event patterns. A record that fits none of them wakes nobody; without patterns every record does.
    pub filters: Vec<Value>,
}

only! {
    Al2023 = "provided.al2023";
    Bootstrap = "bootstrap";
    CargoLambda = "rust-cargolambda";
    ReportBatchItemFailures = "ReportBatchItemFailures";
    TrimHorizon = "TRIM_HORIZON";
    Sqs = "SQS";
    Off = "OFF";
    Allow = "Allow";
    Enabled = "ENABLED";
}

properties! {
    /// Defaults of all functions.
    #[derive(Default)]
    struct Globals { #[serde(default)] function: GlobalProperties }
    #[derive(Default)]
    struct GlobalProperties {
        _runtime: Option<Al2023>,
        _handler: Option<Bootstrap>,
        _architectures: Option<Vec<String>>,
        memory_size: Option<Whole>,
        timeout: Option<Whole>,
        #[serde(default)]
        environment: Environment,
    }
    #[derive(Default)]
    struct Environment { #[serde(default)] variables: BTreeMap<String, Text> }

    struct FunctionProperties {
        _function_name: Ignored,
        _description: Ignored,
        _runtime: Option<Al2023>,
        _handler: Option<Bootstrap>,
        _architectures: Option<Vec<String>>,
        _logging_config: Option<Logging>,
        code_uri: Folder,
        role: String,
        memory_size: Option<Whole>,
        timeout: Option<Whole>,
        _reserved_concurrent_executions: Option<Whole>,
        recursive_loop: Option<Allow>,
        #[serde(default)]
        environment: Environment,
        #[serde(default)]
        events: BTreeMap<String, Event>,
    }
    struct Logging { _log_group: Ignored, _log_format: Ignored }
    struct Event { r#type: String, properties: Value }

    struct HttpApi { _api_id: Ignored, method: Option<String>, path: Option<String> }
    struct QueueEvent {
        queue: String,
        batch_size: Option<Whole>,
        scaling_config: Option<Scaling>,
        #[serde(default)]
        function_response_types: Vec<ReportBatchItemFailures>,
    }
    struct Scaling { maximum_concurrency: Whole }
    struct StreamEvent {
        stream: String,
        _starting_position: TrimHorizon,
        batch_size: Option<Whole>,
        maximum_retry_attempts: Option<Whole>,
        #[serde(default)]
        bisect_batch_on_function_error: bool,
        #[serde(default)]
        function_response_types: Vec<ReportBatchItemFailures>,
        destination_config: Option<Destinations>,
        #[serde(default)]
        filter_criteria: Criteria,
    }
    #[derive(Default)]
    struct Criteria { filters: Vec<Filter> }
    struct Filter { pattern: JsonText }
    struct Destinations { on_failure: OnFailure }
    struct OnFailure { _type: Option<Sqs>, destination: String }
    // A rule of EventBridge.
    struct Schedule {
        _description: Ignored,
        name: Option<String>,
        schedule: Rate,
        input: Option<JsonText>,
        _enabled: Option<AlwaysTrue>,
        _state: Option<Enabled>,
    }
    // A schedule of EventBridge Scheduler.
    struct ScheduleV2 {
        _description: Ignored,
        _role_arn: Ignored,
        _flexible_time_window: Option<Window>,
        _omit_name: Option<AlwaysTrue>,
        name: Option<String>,
        schedule_expression: Rate,
        input: Option<JsonText>,
        _state: Option<Enabled>,
    }
    struct Window { _mode: Off }

    // How the binary is built. Unused here, and read only so that a misspelt name is refused.
    struct Metadata { _build_method: CargoLambda, _build_properties: Option<Build> }
    struct Build { _binary: Ignored }
}

/// A folder under `functions/`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Folder(String);

impl TryFrom<String> for Folder {
    type Error = String;

    fn try_from(uri: String) -> Result<Self, String> {
        let code = uri.strip_prefix("../functions/");
        code.filter(|code| !code.is_empty() && !code.contains('/'))
            .map(|code| Self(code.to_owned()))
            .ok_or_else(|| unsupported(&uri))
    }
}

/// Refuses `false`: disabled schedules are not supported here.
#[derive(Deserialize)]
#[serde(try_from = "bool")]
struct AlwaysTrue;

impl TryFrom<bool> for AlwaysTrue {
    type Error = String;

    fn try_from(is: bool) -> Result<Self, String> {
        is.then_some(Self).ok_or_else(|| unsupported("false"))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct JsonText(Value);

impl TryFrom<String> for JsonText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let value = serde_json::from_str(&text).map(Self);
        value.map_err(|_| format!("`{text}` is not JSON"))
    }
}

/// `rate(1 minute)`, `rate(5 minutes)`, hours and days.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Rate(Duration);

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let every = rate(&text).map(Self);
        every.ok_or_else(|| unsupported(&text))
    }
}

fn rate(text: &str) -> Option<Duration> {
    let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.trim().split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    // EventBridge requires the singular for one and the plural for more.
    let seconds = match (unit.strip_suffix('s'), number) {
        (None, 1) => unit,
        (Some(singular), 2..) => singular,
        _ => return None,
    };
    let seconds = match seconds {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

fn unsupported(value: &str) -> String {
    format!("`{value}` is not supported here")
}

impl Globals {
    pub(super) fn read(root: &Node, resolver: &Resolver<'_>) -> Result<Self, TemplateError> {
        let Some(node) = root.get("Globals") else {
            return Ok(Self::default());
        };
        let value = resolver.value(node, "Globals")?;
        properties_of(value.unwrap_or_else(|| json!({})), "Globals")
    }
}

pub(super) fn metadata(
    node: &Node,
    resolver: &Resolver<'_>,
    path: &str,
) -> Result<(), TemplateError> {
    let Some(metadata) = node.get("Metadata") else {
        return Ok(());
    };
    let path = format!("{path}.Metadata");
    let value = resolver.value(metadata, &path)?.unwrap_or_default();
    properties_of::<Metadata>(value, &path).map(|_| ())
}

pub(super) fn read(
    name: String,
    value: Value,
    at: &str,
    globals: &Globals,
) -> Result<Function, TemplateError> {
    let own: FunctionProperties = properties_of(value, at)?;
    let globals = &globals.function;
    let variables = globals.environment.variables.iter();
    let variables = variables.chain(&own.environment.variables);
    let events = own.events.into_iter().map(|(event, source)| {
        let path = format!("{at}.Events.{event}");
        event_source(format!("{name}{event}"), source, &path)
    });
    let events = events.collect::<Result<_, _>>()?;
    // Lambda's own defaults.
    let timeout = own.timeout.or(globals.timeout).unwrap_or(Whole(3));
    let memory = own.memory_size.or(globals.memory_size);
    Ok(Function {
        name,
        code: own.code_uri.0,
        role: own.role,
        timeout: Duration::from_secs(timeout.0.into()),
        memory_mb: memory.unwrap_or(Whole(128)).0,
        may_loop: own.recursive_loop.is_some(),
        environment: variables
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
        events,
    })
}

fn event_source(name: String, source: Event, path: &str) -> Result<EventSource, TemplateError> {
    let at = &format!("{path}.Properties");
    let properties = source.properties;
    Ok(match source.r#type.as_str() {
        "HttpApi" => {
            let route: HttpApi = properties_of(properties, at)?;
            EventSource::Http(match (route.method, route.path) {
                (Some(method), Some(path)) => Route::Exact {
                    method: method.to_uppercase(),
                    path,
                },
                (None, None) => Route::Default,
                _ => return Err(TemplateError::new(at, "Method or Path is missing")),
            })
        }
        "SQS" => {
            let event: QueueEvent = properties_of(properties, at)?;
            EventSource::Queue(QueueSource {
                queue: event.queue,
                batch_size: event.batch_size.map_or(10, u32::from),
                concurrency: event.scaling_config.map(|to| to.maximum_concurrency.0),
                reports_failures: !event.function_response_types.is_empty(),
            })
        }
        "DynamoDB" => {
            let event: StreamEvent = properties_of(properties, at)?;
            let destinations = event.destination_config;
            let filters = event.filter_criteria.filters.into_iter();
            EventSource::Stream(StreamSource {
                stream: event.stream,
                batch_size: event.batch_size.map_or(100, u32::from),
                retries: event.maximum_retry_attempts.map(u32::from),
                bisects: event.bisect_batch_on_function_error,
                reports_failures: !event.function_response_types.is_empty(),
                on_failure: destinations.map(|to| to.on_failure.destination),
                filters: filters.map(|filter| filter.pattern.0).collect(),
            })
        }
        "Schedule" => {
            let event: Schedule = properties_of(properties, at)?;
            EventSource::Time(TimeSource {
                name: event.name.unwrap_or(name),
                every: event.schedule.0,
                at_once: false,
                input: event.input.map(|input| input.0),
            })
        }
        "ScheduleV2" => {
            let event: ScheduleV2 = properties_of(properties, at)?;
            EventSource::Time(TimeSource {
                name: event.name.unwrap_or(name),
                every: event.schedule_expression.0,
                at_once: true,
                input: event.input.map(|input| input.0),
            })
        }
        other => {
            let fault = format!("unknown event type `{other}`");
            return Err(TemplateError::new(format!("{path}.Type"), fault));
        }
    })
}
