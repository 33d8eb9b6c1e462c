//! Another cloud than ours: an emulator that shares no code with it, at a URL.
//!
//! Its tables, streams, queues, schedules, bus and temporary keys take the place of ours; gateway,
//! functions and mappings stay. It is filled from the template as CloudFormation would, but for
//! roles: its policies are not ours to check. Every name begins with a stack name that the run's keys
//! give, so that runs can share it, and a restart with the same data directory finds its own again.
//! Time is the other's own: nobody moves it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
    TimeToLiveSpecification,
};
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::changes::{ChangeFeed, OtherFeed};
use crate::keys::AccessKey;
use crate::mappings::Mapping;
use crate::messages::MessageQueue;
use crate::sdk::{self, Endpoints};
use crate::services::Joints;
use crate::streams::StreamMapping;
use crate::template::{EventSource, Function, Stack, Table};
use crate::timer::Timer;

const LOOK: Duration = Duration::from_millis(20);
/// A table is there at once in an emulator, and in seconds on AWS.
const TABLE_LOOKS: u32 = 1500;

/// Where it is, and clients that may do everything there.
pub(crate) struct OtherCloud {
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    streams: aws_sdk_dynamodbstreams::Client,
    scheduler: aws_sdk_scheduler::Client,
    events: aws_sdk_eventbridge::Client,
    endpoint: String,
    account: String,
    /// Streams' ARNs by those that the template's reader gives them.
    stream_arns: BTreeMap<String, String>,
    /// What functions are triggered by, to see whether anything is left to do.
    mapped: Vec<MessageQueue>,
    /// How often each stream was looked at in vain.
    empty_looks: Vec<Arc<AtomicU64>>,
}

/// Refuses what is no emulator.
fn endpoint(url: &str) -> Result<&str> {
    if !url.starts_with("http://") {
        bail!(
            "--cloud takes the http:// URL of an emulator, not `{url}`: to an account of AWS, \
             deploy the template (infra/docs/operating.md)"
        );
    }
    Ok(url.trim_end_matches('/'))
}

impl OtherCloud {
    /// Asks the cloud at `url` whose account this key opens.
    pub(crate) async fn connect(key: &AccessKey, region: &str, url: &str) -> Result<Self> {
        let endpoint = endpoint(url)?;
        let endpoints = Endpoints {
            dynamodb: endpoint.to_owned(),
            cloud: endpoint.to_owned(),
        };
        let config = &sdk::config(key, region, &endpoints, sdk::plain_client());
        let sts = aws_sdk_sts::Client::new(config);
        let account = sts
            .get_caller_identity()
            .send()
            .await
            .with_context(|| format!("the cloud at {endpoint} does not answer"))?
            .account
            .context("the cloud does not say whose account it is")?;
        Ok(Self {
            sqs: aws_sdk_sqs::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            streams: aws_sdk_dynamodbstreams::Client::new(config),
            scheduler: aws_sdk_scheduler::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            endpoint: endpoint.to_owned(),
            account,
            stream_arns: BTreeMap::new(),
            mapped: Vec::new(),
            empty_looks: Vec::new(),
        })
    }

    /// One endpoint serves all.
    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints {
            dynamodb: self.endpoint.clone(),
            cloud: self.endpoint.clone(),
        }
    }

    /// The account that everything there belongs to.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Makes what the template describes and is not there yet. Answers whether the tables are new.
    pub(crate) async fn provision(&mut self, stack: &Stack) -> Result<bool> {
        let mut is_new = false;
        for table in &stack.tables {
            is_new |= self
                .table(stack, table)
                .await
                .with_context(|| format!("the table `{}` cannot be made", table.name))?;
        }
        for queue in &stack.queues {
            let mut create = self.sqs.create_queue().queue_name(&queue.name);
            for (name, value) in stack.attributes(queue) {
                create = create.attributes(QueueAttributeName::from(name.as_str()), value);
            }
            create
                .send()
                .await
                .with_context(|| format!("the queue `{}` cannot be made", queue.name))?;
        }
        for group in &stack.schedule_groups {
            let create = self.scheduler.create_schedule_group().name(&group.name);
            if let Err(error) = create.send().await
                && !error
                    .as_service_error()
                    .is_some_and(|error| error.is_conflict_exception())
            {
                return Err(error).context("a group of schedules cannot be made");
            }
        }
        for bus in &stack.buses {
            let create = self.events.create_event_bus().name(&bus.name);
            if let Err(error) = create.send().await
                && !error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_already_exists_exception())
            {
                return Err(error).context("a bus cannot be made");
            }
        }
        for rule in &stack.rules {
            self.events
                .put_rule()
                .name(&rule.name)
                .event_bus_name(&rule.bus)
                .event_pattern(rule.pattern.to_string())
                .send()
                .await
                .with_context(|| format!("the rule `{}` cannot be made", rule.name))?;
            for target in &rule.targets {
                let target = Target::builder().id(&target.id).arn(&target.arn).build()?;
                let put = self
                    .events
                    .put_targets()
                    .rule(&rule.name)
                    .event_bus_name(&rule.bus)
                    .targets(target)
                    .send()
                    .await?;
                ensure!(
                    put.failed_entry_count == 0,
                    "the rule `{}` cannot have its target: {:?}",
                    rule.name,
                    put.failed_entries
                );
            }
        }
        Ok(is_new)
    }

    async fn table(&mut self, stack: &Stack, table: &Table) -> Result<bool> {
        let is_new = match create_table(&self.dynamodb, table)?.send().await {
            Ok(_) => true,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_in_use_exception()) =>
            {
                false
            }
            Err(error) => return Err(error.into()),
        };
        let mut looks = 0;
        let stream = loop {
            let described = self.dynamodb.describe_table().table_name(&table.name);
            let described = described.send().await?.table.context("no description")?;
            if described.table_status == Some(TableStatus::Active) {
                break described.latest_stream_arn;
            }
            looks += 1;
            ensure!(looks < TABLE_LOOKS, "it does not become active");
            tokio::time::sleep(LOOK).await;
        };
        if table.stream {
            let stream = stream.context("it has no stream")?;
            let of_table = format!("table/{}/stream/", table.name);
            for source in stack.streams().filter(|arn| arn.contains(&of_table)) {
                self.stream_arns.insert(source.to_owned(), stream.clone());
            }
        }
        if let Some(attribute) = &table.ttl_attribute
            && is_new
        {
            let specification = TimeToLiveSpecification::builder()
                .attribute_name(attribute)
                .enabled(true)
                .build()?;
            self.dynamodb
                .update_time_to_live()
                .table_name(&table.name)
                .time_to_live_specification(specification)
                .send()
                .await?;
        }
        Ok(is_new)
    }

    /// Starts what triggers a function, but for HTTP.
    pub(crate) async fn join(
        &mut self,
        function: &Function,
        joints: &Joints<'_>,
        tasks: &mut JoinSet<()>,
    ) -> Result<()> {
        let (invoker, activity) = (joints.invoker, joints.activity);
        for event in &function.events {
            match event {
                EventSource::Http(_) => {}
                EventSource::Queue(source) => {
                    let queue = self.queue(&source.queue);
                    self.mapped.push(queue.clone());
                    let mapping =
                        Mapping::of(queue, invoker, activity, function, source, joints.region);
                    tasks.spawn(mapping.run());
                }
                EventSource::Stream(source) => {
                    let mut source = source.clone();
                    source.stream = self
                        .stream_arns
                        .get(&source.stream)
                        .with_context(|| format!("there is no stream {}", source.stream))?
                        .clone();
                    let feed = OtherFeed::new(self.streams.clone(), &source.stream).await?;
                    let feed = ChangeFeed::Other(feed);
                    self.empty_looks.push(feed.caught_up());
                    let on_failure = source.on_failure.as_ref();
                    let on_failure = on_failure.map(|on_failure| self.queue(&on_failure.queue));
                    let mapping = StreamMapping::of(feed, on_failure, joints, (function, source));
                    tasks.spawn(mapping.run());
                }
                EventSource::Time(source) => {
                    tasks.spawn(Timer::new(None, joints, function, source).run());
                }
            }
        }
        Ok(())
    }

    fn queue(&self, arn: &str) -> MessageQueue {
        let name = arn.rsplit(':').next().unwrap_or_default();
        MessageQueue::Other {
            sqs: self.sqs.clone(),
            url: format!("{}/{}/{name}", self.endpoint, self.account),
        }
    }

    /// Waits until nothing that triggers a function is left, in queues or streams. What was received
    /// and not deleted counts as left until its visibility timeout ends; what is delayed does not.
    pub(crate) async fn drain(&self, activity: &Activity) -> Result<()> {
        loop {
            let begun = activity.begun();
            // Of two more looks, the second was begun after this moment.
            let looks = |look: &Arc<AtomicU64>| look.load(Ordering::SeqCst);
            let before: Vec<u64> = self.empty_looks.iter().map(looks).collect();
            while activity.begun() == begun
                && !self
                    .empty_looks
                    .iter()
                    .zip(&before)
                    .all(|(look, before)| looks(look) >= before + 2)
            {
                tokio::time::sleep(LOOK).await;
            }
            let mut is_quiet = true;
            for queue in &self.mapped {
                is_quiet &= self.waiting(queue).await? == 0;
            }
            if is_quiet && activity.running() == 0 && activity.begun() == begun {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn waiting(&self, queue: &MessageQueue) -> Result<u64> {
        let MessageQueue::Other { sqs, url } = queue else {
            return Ok(0);
        };
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let attributes = sqs
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await?
            .attributes
            .unwrap_or_default();
        names
            .iter()
            .map(|name| {
                let count = attributes
                    .get(name)
                    .context("a queue does not say how much waits")?;
                Ok(count.parse::<u64>()?)
            })
            .sum()
    }
}

type CreateTable = aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;

/// The template's table as a call: the reader of the template has checked what is in it.
fn create_table(client: &aws_sdk_dynamodb::Client, table: &Table) -> Result<CreateTable> {
    let from = &table.create;
    let mut create = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&from["KeySchema"])?));
    for definition in list(&from["AttributeDefinitions"]) {
        let definition = AttributeDefinition::builder()
            .attribute_name(text(definition, "AttributeName"))
            .attribute_type(ScalarAttributeType::from(text(definition, "AttributeType")))
            .build()?;
        create = create.attribute_definitions(definition);
    }
    for index in list(&from["GlobalSecondaryIndexes"]) {
        let from = &index["Projection"];
        let mut projection = Projection::builder()
            .projection_type(ProjectionType::from(text(from, "ProjectionType")));
        for attribute in list(&from["NonKeyAttributes"])
            .iter()
            .filter_map(Value::as_str)
        {
            projection = projection.non_key_attributes(attribute);
        }
        let index = GlobalSecondaryIndex::builder()
            .index_name(text(index, "IndexName"))
            .set_key_schema(Some(key_schema(&index["KeySchema"])?))
            .projection(projection.build())
            .build()?;
        create = create.global_secondary_indexes(index);
    }
    if table.stream {
        let view = text(&from["StreamSpecification"], "StreamViewType");
        let specification = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::from(view))
            .build()?;
        create = create.stream_specification(specification);
    }
    Ok(create)
}

fn key_schema(from: &Value) -> Result<Vec<KeySchemaElement>> {
    list(from)
        .iter()
        .map(|element| {
            Ok(KeySchemaElement::builder()
                .attribute_name(text(element, "AttributeName"))
                .key_type(KeyType::from(text(element, "KeyType")))
                .build()?)
        })
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
