//! Functions and what triggers them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::props::Props;
use super::resolve::Resolver;
use super::yaml::Node;
use super::{Fault, TemplateError};

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The folder of its crate under `functions/`, which is also the crate's name.
    pub code: String,
    /// The ARN of its role.
    pub role: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Memory, in MB.
    pub memory_mb: u32,
    /// Its environment variables, secrets included.
    pub environment: BTreeMap<String, String>,
    /// What triggers it.
    pub events: Vec<EventSource>,
}

/// What triggers a function.
#[derive(Clone, Debug)]
pub enum EventSource {
    /// Requests to the HTTP API.
    Http(Route),
    /// Messages of a queue.
    Queue(QueueSource),
    /// Changes of a table.
    Stream(StreamSource),
    /// Time that has passed.
    Time(TimeSource),
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A method and a path, in which `{name}` stands for one segment.
    Exact {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// `$default`: whatever no other route takes.
    Default,
}

/// A queue that a function consumes.
#[derive(Clone, Debug)]
pub struct QueueSource {
    /// The queue's ARN.
    pub queue: String,
    /// Messages in one invocation, at most.
    pub batch_size: u32,
    /// Whether the function names the messages that failed; else a batch succeeds or fails as one.
    pub reports_failures: bool,
}

/// A schedule that a function is invoked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSource {
    /// The schedule's name.
    pub name: String,
    /// From one invocation to the next.
    pub every: Duration,
    /// Whether it invokes first when it is made, as EventBridge Scheduler does, and not a period later, as a
    /// rule of EventBridge does.
    pub at_once: bool,
    /// What the function gets as its event; `None`: a scheduled event of EventBridge.
    pub input: Option<Value>,
}

impl TimeSource {
    /// [`TimeSource::every`] in milliseconds, 1 at least.
    pub(crate) fn every_ms(&self) -> i64 {
        i64::try_from(self.every.as_millis()).map_or(i64::MAX, |every| every.max(1))
    }
}

/// A stream that a function consumes.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// The stream's ARN.
    pub stream: String,
    /// Records in one invocation, at most.
    pub batch_size: u32,
    /// How often a batch is tried again before it is given up; `None`: for as long as the records last.
    pub retries: Option<u32>,
    /// Whether a failed batch is halved, to find the record that fails.
    pub bisects: bool,
    /// Whether the function names the record from which it failed.
    pub reports_failures: bool,
    /// The ARN of the queue that is told the position of what was given up.
    pub on_failure: Option<String>,
}

/// What all functions have unless they say otherwise.
#[derive(Default)]
pub(crate) struct Globals {
    memory_mb: Option<u32>,
    timeout: Option<u32>,
    environment: BTreeMap<String, String>,
}

impl Globals {
    pub(crate) fn read(root: &Node, resolver: &Resolver<'_>) -> Result<Self, TemplateError> {
        let Some(node) = root.get("Globals") else {
            return Ok(Self::default());
        };
        let value = resolver.value(node, "Globals")?;
        let mut props = Props::new("Globals", value.unwrap_or_default())?;
        let mut globals = Self::default();
        if let Some(mut function) = props.optional_map("Function")? {
            runtime(&mut function)?;
            globals.memory_mb = function.optional_integer("MemorySize")?;
            globals.timeout = function.optional_integer("Timeout")?;
            globals.environment = environment(&mut function, resolver)?;
            function.finish()?;
        }
        props.finish()?;
        Ok(globals)
    }
}

/// How the binary is built: of no effect here, but a misspelt word must not go unseen.
pub(crate) fn metadata(
    node: &Node,
    resolver: &Resolver<'_>,
    path: &str,
) -> Result<(), TemplateError> {
    let Some(metadata) = node.get("Metadata") else {
        return Ok(());
    };
    let path = format!("{path}.Metadata");
    let value = resolver.value(metadata, &path)?;
    let mut props = Props::new(path, value.unwrap_or_default())?;
    props.only("BuildMethod", "rust-cargolambda")?;
    if let Some(mut properties) = props.optional_map("BuildProperties")? {
        properties.ignore(&["Binary"]);
        properties.finish()?;
    }
    props.finish()
}

pub(crate) fn read(
    name: String,
    props: &mut Props,
    globals: &Globals,
    resolver: &Resolver<'_>,
) -> Result<Function, TemplateError> {
    runtime(props)?;
    props.ignore(&["FunctionName", "Description"]);
    if let Some(mut logging) = props.optional_map("LoggingConfig")? {
        logging.ignore(&["LogGroup", "LogFormat"]);
        logging.finish()?;
    }
    let code_path = props.path("CodeUri");
    let uri = props.string("CodeUri")?;
    let code = uri
        .strip_prefix("../functions/")
        .filter(|code| !code.is_empty() && !code.contains('/'))
        .ok_or_else(|| TemplateError::new(code_path, Fault::Unsupported(uri.clone())))?
        .to_owned();
    let role = props.string("Role")?;
    let timeout = props.optional_integer("Timeout")?.or(globals.timeout);
    let memory = props.optional_integer("MemorySize")?.or(globals.memory_mb);
    let mut variables = globals.environment.clone();
    variables.extend(environment(props, resolver)?);
    let mut events = Vec::new();
    if let Some(mut sources) = props.optional_map("Events")? {
        for event in sources.names() {
            let mut source = sources.map(&event)?;
            events.push(event_source(&format!("{name}{event}"), &mut source)?);
            source.finish()?;
        }
        sources.finish()?;
    }
    Ok(Function {
        name,
        code,
        role,
        // Lambda's own defaults.
        timeout: Duration::from_secs(timeout.unwrap_or(3).into()),
        memory_mb: memory.unwrap_or(128),
        environment: variables,
        events,
    })
}

fn runtime(props: &mut Props) -> Result<(), TemplateError> {
    props.only("Runtime", "provided.al2023")?;
    props.only("Handler", "bootstrap")?;
    props.strings("Architectures").map(|_| ())
}

fn environment(
    props: &mut Props,
    resolver: &Resolver<'_>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut values = BTreeMap::new();
    if let Some(mut environment) = props.optional_map("Environment")? {
        if let Some(mut variables) = environment.optional_map("Variables")? {
            for name in variables.names() {
                let path = variables.path(&name);
                let value = variables.string(&name)?;
                values.insert(name, resolver.dynamic(value, &path)?);
            }
            variables.finish()?;
        }
        environment.finish()?;
    }
    Ok(values)
}

fn event_source(name: &str, source: &mut Props) -> Result<EventSource, TemplateError> {
    let type_path = source.path("Type");
    let kind = source.string("Type")?;
    let Some(mut props) = source.optional_map("Properties")? else {
        return Err(TemplateError::new(
            source.path("Properties"),
            Fault::Missing,
        ));
    };
    let event = match kind.as_str() {
        "HttpApi" => {
            props.ignore(&["ApiId"]);
            let path = props.optional_string("Path")?;
            let method = props.optional_string("Method")?;
            EventSource::Http(match (method, path) {
                (Some(method), Some(path)) => Route::Exact {
                    method: method.to_uppercase(),
                    path,
                },
                (None, None) => Route::Default,
                (Some(_), None) => {
                    return Err(TemplateError::new(props.path("Path"), Fault::Missing));
                }
                (None, Some(_)) => {
                    return Err(TemplateError::new(props.path("Method"), Fault::Missing));
                }
            })
        }
        "SQS" => EventSource::Queue(QueueSource {
            queue: props.string("Queue")?,
            batch_size: props.optional_integer("BatchSize")?.unwrap_or(10),
            reports_failures: reports_failures(&mut props)?,
        }),
        "DynamoDB" => {
            props.only("StartingPosition", "TRIM_HORIZON")?;
            let on_failure = match props.optional_map("DestinationConfig")? {
                None => None,
                Some(mut destinations) => {
                    let mut destination = destinations.map("OnFailure")?;
                    destination.only("Type", "SQS")?;
                    let queue = destination.string("Destination")?;
                    destination.finish()?;
                    destinations.finish()?;
                    Some(queue)
                }
            };
            EventSource::Stream(StreamSource {
                stream: props.string("Stream")?,
                batch_size: props.optional_integer("BatchSize")?.unwrap_or(100),
                retries: props.optional_integer("MaximumRetryAttempts")?,
                bisects: props
                    .optional_boolean("BisectBatchOnFunctionError")?
                    .unwrap_or(false),
                reports_failures: reports_failures(&mut props)?,
                on_failure,
            })
        }
        // A rule of EventBridge.
        "Schedule" => {
            props.ignore(&["Description"]);
            EventSource::Time(time_source(name, "Schedule", &mut props)?)
        }
        // A schedule of EventBridge Scheduler.
        "ScheduleV2" => {
            props.ignore(&["Description", "RoleArn"]);
            if let Some(mut window) = props.optional_map("FlexibleTimeWindow")? {
                window.only("Mode", "OFF")?;
                window.finish()?;
            }
            EventSource::Time(time_source(name, "ScheduleExpression", &mut props)?)
        }
        other => {
            return Err(TemplateError::new(
                type_path,
                Fault::UnknownEventType(other.to_owned()),
            ));
        }
    };
    props.finish()?;
    Ok(event)
}

fn time_source(
    name: &str,
    expression: &str,
    props: &mut Props,
) -> Result<TimeSource, TemplateError> {
    let path = props.path(expression);
    let text = props.string(expression)?;
    let every =
        rate(&text).ok_or_else(|| TemplateError::new(path, Fault::Unsupported(text.clone())))?;
    let input_path = props.path("Input");
    let input = match props.optional_string("Input")? {
        None => None,
        Some(input) => Some(
            serde_json::from_str(&input)
                .map_err(|_| TemplateError::new(input_path, Fault::NotA("JSON text")))?,
        ),
    };
    // A schedule that is made and rests would be passed over in silence.
    let enabled_path = props.path("Enabled");
    if props.optional_boolean("Enabled")? == Some(false) {
        let fault = Fault::Unsupported("false".to_owned());
        return Err(TemplateError::new(enabled_path, fault));
    }
    props.only("State", "ENABLED")?;
    Ok(TimeSource {
        name: props
            .optional_string("Name")?
            .unwrap_or_else(|| name.to_owned()),
        every,
        at_once: expression == "ScheduleExpression",
        input,
    })
}

/// `rate(1 minute)`, `rate(5 minutes)`, hours and days.
fn rate(text: &str) -> Option<Duration> {
    let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.trim().split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    // EventBridge wants the singular for one and the plural for more.
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

fn reports_failures(props: &mut Props) -> Result<bool, TemplateError> {
    let path = props.path("FunctionResponseTypes");
    let types: Vec<Value> = props.optional_list("FunctionResponseTypes")?;
    match types.as_slice() {
        [] => Ok(false),
        [Value::String(only)] if only == "ReportBatchItemFailures" => Ok(true),
        _ => Err(TemplateError::new(
            path,
            Fault::Unsupported(Value::from(types).to_string()),
        )),
    }
}
