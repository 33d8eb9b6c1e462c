//! A small cloud for this crate's own tests: one table, two queues, one role, functions as closures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use local_cloud::iam::{Identities, RoleDescription};
use local_cloud::{Clock, Cloud};
use serde_json::Value;

use crate::activity::Activity;
use crate::dynamo::Dynamo;
use crate::invoker::{Invoker, StartedFunction};
use crate::template::{self, EventSource, Function, Settings, Stack};
use crate::trigger_context::TriggerContext;
use crate::wire::Wire;
use crate::{ACCOUNT, REGION};

const TEMPLATE: &str = r#"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: things
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: owner, AttributeType: S }
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      GlobalSecondaryIndexes:
        - IndexName: by-owner
          KeySchema: [{ AttributeName: owner, KeyType: HASH }]
          Projection: { ProjectionType: ALL }
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
  Other:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: others
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
  Dead:
    Type: AWS::SQS::Queue
    Properties: { QueueName: dead }
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      VisibilityTimeout: 30
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2 }
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: worker
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Effect: Allow, Action: [dynamodb:PutItem, dynamodb:GetItem, dynamodb:Query], Resource: !GetAtt Table.Arn }
              - { Effect: Allow, Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator], Resource: !GetAtt Table.StreamArn }
              - { Effect: Allow, Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes], Resource: !GetAtt Work.Arn }
              - { Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Dead.Arn }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../functions/worker
      Role: !GetAtt Role.Arn
      Timeout: 2
      Events:
        Any: { Type: HttpApi, Properties: { ApiId: api } }
        Read: { Type: HttpApi, Properties: { ApiId: api, Method: GET, Path: "/things/{id}" } }
        List: { Type: HttpApi, Properties: { ApiId: api, Method: GET, Path: "/things/all" } }
        Work: { Type: SQS, Properties: { Queue: !GetAtt Work.Arn, BatchSize: 10, FunctionResponseTypes: [ReportBatchItemFailures] } }
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 100
            MaximumRetryAttempts: 2
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt Dead.Arn } }
"#;

pub(crate) struct TestBed {
    pub(crate) stack: Stack,
    pub(crate) clock: Clock,
    pub(crate) identities: Arc<Identities>,
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) dynamo: Dynamo,
    pub(crate) wire: Wire,
    pub(crate) activity: Activity,
    pub(crate) invoker: Invoker,
}

/// The events of a function's invocations, in order.
pub(crate) type Seen = Arc<Mutex<Vec<Value>>>;

impl TestBed {
    pub(crate) async fn new() -> Self {
        let settings = Settings {
            stack: "test".to_owned(),
            queue_endpoint: "http://127.0.0.1:1".to_owned(),
            api_endpoint: "http://127.0.0.1:2".to_owned(),
            parameters: BTreeMap::new(),
            secret: &|_| String::new(),
        };
        let stack = template::load(TEMPLATE, &settings).unwrap();
        let clock = Clock::system();
        let identities = Arc::new(Identities::new(clock.clone(), REGION, ACCOUNT));
        for role in stack.roles.values() {
            let policies: Vec<Value> = role.policies.iter().map(|p| p.document.clone()).collect();
            identities
                .add_role(&RoleDescription {
                    name: &role.name,
                    trust: &role.trust,
                    policies: &policies,
                    max_session_seconds: 3600,
                })
                .unwrap();
        }
        let dynamo = Dynamo::open(None, &stack.tables).unwrap();
        let cloud = Cloud::open(
            None,
            clock.clone(),
            Arc::clone(&identities),
            REGION,
            ACCOUNT,
        )
        .unwrap();
        for queue in &stack.queues {
            cloud
                .create_queue(&queue.name, &queue.attributes)
                .await
                .unwrap();
        }
        let wire = Wire::default();
        let activity = Activity::default();
        let invoker = Invoker::new(wire.clone(), activity.clone());
        Self {
            stack,
            clock,
            identities,
            cloud,
            dynamo,
            wire,
            activity,
            invoker,
        }
    }

    /// Starts the one function with this answer to each event; returns the events that it gets.
    pub(crate) fn answers(
        &self,
        answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Seen {
        let seen = Seen::default();
        let kept = Arc::clone(&seen);
        let started = StartedFunction {
            invoke: Arc::new(move |event| {
                kept.lock().unwrap().push(event.clone());
                let answer = answer(&event).map_err(Into::into);
                async move { answer }.boxed()
            }),
            timeout: Duration::from_secs(2),
        };
        self.invoker
            .start(BTreeMap::from([("worker".to_owned(), started)]));
        seen
    }

    pub(crate) fn context(&self) -> TriggerContext {
        TriggerContext {
            cloud: Arc::clone(&self.cloud),
            invoker: self.invoker.clone(),
            activity: self.activity.clone(),
        }
    }

    pub(crate) fn function(&self) -> &Function {
        &self.stack.functions[0]
    }

    pub(crate) fn event(&self, wanted: impl Fn(&EventSource) -> bool) -> &EventSource {
        self.function().events.iter().find(|e| wanted(e)).unwrap()
    }
}

/// Waits up to five seconds until `holds` is true.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until: {what}");
}
