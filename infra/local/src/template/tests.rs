//! The real template loads; an unknown element stops the start with its name and place.

use std::collections::BTreeSet;

use ::settings::Need;

use super::*;

fn settings<'a>(secret: &'a dyn Fn(&str) -> String) -> Settings<'a> {
    Settings {
        stack: "homehail".to_owned(),
        queue_endpoint: "http://127.0.0.1:4566".to_owned(),
        api_endpoint: "http://127.0.0.1:8080".to_owned(),
        parameters: [
            ("SessionPublicKeys", "{}"),
            ("WeChatAppId", "wx-demo"),
            ("BadgeHost", "b.example.cn"),
            ("BadgePublicKeys", "{}"),
            ("StatusPublicKeys", "{}"),
            ("CreditSources", "[]"),
            ("CloudFront", "beside"),
            (
                "AllowedOrigins",
                "https://a.example.cn,http://localhost:9000",
            ),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into(),
        secret,
    }
}

fn read(source: &str) -> Result<Stack, TemplateError> {
    load(source, &settings(&|name| format!("secret of {name}")))
}

fn real() -> Stack {
    read(SOURCE).unwrap()
}

fn function<'a>(stack: &'a Stack, code: &str) -> &'a Function {
    stack.functions.iter().find(|f| f.code == code).unwrap()
}

#[test]
fn every_function_has_the_variables_that_it_reads_and_no_others() {
    let stack = real();
    let is_global = |name| {
        stack
            .functions
            .iter()
            .all(|f| f.environment.contains_key(name))
    };
    // The logging library reads the first; the second has CloudFormation read secrets anew.
    let mut asked_by_any = BTreeSet::from(["RUST_LOG", "KEYS_READ_AT"]);
    let mut given_to_any = BTreeSet::new();
    let mut wrong = Vec::new();
    for function in &stack.functions {
        let settings = ::settings::Settings::from_variables([]);
        let code = &function.code;
        let started = crate::functions::start(code, &settings);
        // What answers requests comes to read this only when it has started.
        runtime::edge::Edge::new(&settings);
        let asked = settings.asked();
        let needs_any = asked.values().any(|need| *need == Need::Required);
        assert_eq!(started.is_err(), needs_any, "{code}");
        for (name, need) in &asked {
            if *need == Need::Required && !function.environment.contains_key(*name) {
                wrong.push(format!(
                    "{code} reads {name}, which the template does not give it"
                ));
            }
        }
        for name in function.environment.keys() {
            if !asked.contains_key(name.as_str()) && !is_global(name) {
                wrong.push(format!(
                    "{code} never reads {name}, which the template gives it"
                ));
            }
        }
        asked_by_any.extend(asked.keys());
        given_to_any.extend(function.environment.keys());
    }
    let idle = given_to_any
        .into_iter()
        .filter(|name| !asked_by_any.contains(name.as_str()));
    wrong.extend(idle.map(|name| format!("no function reads {name}")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_real_template_loads() {
    let stack = real();
    assert_eq!(stack.tables.len(), 7);
    assert_eq!(stack.buckets.len(), 5);
    assert_eq!(stack.signing_keys.len(), 3);
    let functions = SOURCE.matches("Type: AWS::Serverless::Function\n").count();
    assert_eq!(stack.functions.len(), functions);
    assert!(stack.queues.iter().any(|q| q.name == "homehail-fan-out"));
    assert!(stack.not_run.contains(&"UndeliverableAlarm".to_owned()));
    assert!(stack.not_run.contains(&"Distribution".to_owned()));
    let cors = stack.cors.as_ref().unwrap();
    let named = ["https://a.example.cn", "http://localhost:9000"];
    assert_eq!(cors.allow_origins, named);
    let grab = function(&stack, "order-grab");
    assert_eq!(
        grab.role,
        "arn:aws:iam::000000000000:role/homehail-OrderGrabRole"
    );
    assert_eq!(grab.timeout.as_secs(), 10);
    assert_eq!(grab.environment["ORDERS_TABLE"], "homehail-OrdersTable");
    assert_eq!(
        grab.environment["CLAIM_TOKEN_KEY"],
        "secret of ClaimTokenKey"
    );
    assert_eq!(grab.environment["CLAIM_TOKEN_KEY_PREVIOUS"], "");
    assert_eq!(
        grab.environment["MARKET"],
        r#"{"name":"harbin","grab_window_s":180}"#
    );
    assert_eq!(
        grab.environment["FAN_OUT_QUEUE_URL"],
        "http://127.0.0.1:4566/000000000000/homehail-fan-out"
    );
}

#[test]
fn dead_letter_queues_come_before_the_queues_that_use_them() {
    let stack = real();
    let place = |name: &str| stack.queues.iter().position(|q| q.name == name).unwrap();
    assert!(place("homehail-timers-dead-letters") < place("homehail-timers"));
    assert!(place("homehail-fan-out-dead-letters") < place("homehail-fan-out"));
}

#[test]
fn policy_resources_are_added_to_the_roles_that_they_name() {
    let stack = real();
    let role = &stack.roles["arn:aws:iam::000000000000:role/homehail-OfferQueueRole"];
    let names: Vec<_> = role.policies.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["OfferQueue", "assume-polling-role"]);
}

#[test]
fn policy_variables_are_not_resolved() {
    let stack = real();
    let role = &stack.roles["arn:aws:iam::000000000000:role/homehail-AgencyPollingRole"];
    assert_eq!(
        role.policies[0].document["Statement"][0]["Resource"],
        "arn:aws:sqs:us-east-1:000000000000:homehail-offers-${aws:PrincipalTag/agency}"
    );
}

#[test]
fn worker_tables_have_their_streams_and_times_to_live() {
    let stack = real();
    let table = |name: &str| {
        let name = format!("homehail-{name}");
        stack.tables.iter().find(|t| t.name == name).unwrap()
    };
    for (name, stream, ttl) in [
        ("OrdersTable", true, Some("ttl")),
        ("WorkersTable", false, Some("ttl")),
        ("LedgerTable", true, None),
        ("BadgesTable", true, Some("ttl")),
        ("SubjectKeysTable", false, None),
        ("SessionsTable", false, Some("ttl")),
    ] {
        assert_eq!(table(name).stream, stream, "{name}");
        assert_eq!(table(name).ttl_attribute.as_deref(), ttl, "{name}");
    }
}

#[test]
fn checkpoints_are_locked_and_what_is_deleted_is_not_versioned() {
    let stack = real();
    let bucket = |name: &str| stack.buckets.iter().find(|b| b.name == name).unwrap();
    let checkpoints = bucket("homehail-checkpointbucket");
    assert_eq!(checkpoints.locked_days, Some(3650));
    assert!(checkpoints.versioned);
    for name in ["homehail-photosbucket", "homehail-papersbucket"] {
        let bucket = bucket(name);
        assert!(!bucket.versioned && bucket.locked_days.is_none());
    }
}

#[test]
fn a_signing_key_has_an_id_and_an_arn() {
    let signing_key = |name: &str| {
        let stack = real();
        stack
            .signing_keys
            .into_iter()
            .find(|k| k.logical == name)
            .unwrap()
    };
    let key = signing_key("BadgeKey");
    assert_eq!(key.id.len(), 36);
    let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{}", key.id);
    assert_eq!(key.arn, arn);
    assert_ne!(key.id, signing_key("CheckpointKey").id);
}

/// Adds an event to a function of the real template, and reads it.
fn schedule(event: &str) -> Result<TimeSource, String> {
    let place = "        Customer: { Type: HttpApi,";
    let changed = format!("        Tick: {event}\n{place}");
    let stack = read(&SOURCE.replacen(place, &changed, 1)).map_err(|error| error.to_string())?;
    let events = &function(&stack, "sessions").events;
    let mut times = events.iter().filter_map(|event| match event {
        EventSource::Time(time) => Some(time.clone()),
        _ => None,
    });
    Ok(times.next().unwrap())
}

#[test]
fn schedules_are_read_and_only_rates_are_supported() {
    let rule = schedule("{ Type: Schedule, Properties: { Schedule: rate(5 minutes) } }").unwrap();
    assert_eq!(rule.every.as_secs(), 300);
    assert!(!rule.at_once && rule.input.is_none());
    let daily = schedule(
        r#"{ Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 day), Input: '{"do":"it"}' } }"#,
    )
    .unwrap();
    assert_eq!(daily.every.as_secs(), 86_400);
    assert_eq!(daily.input.unwrap()["do"], "it");
    for (expression, named) in [
        (
            "cron(0 9 * * ? *)",
            "`cron(0 9 * * ? *)` is not supported here",
        ),
        ("rate(1 minutes)", "`rate(1 minutes)` is not supported here"),
        ("rate(0 days)", "`rate(0 days)` is not supported here"),
    ] {
        let error = schedule(&format!(
            "{{ Type: Schedule, Properties: {{ Schedule: \"{expression}\" }} }}"
        ));
        let path = "Resources.Sessions.Properties.Events.Tick.Properties.Schedule";
        assert_eq!(error.unwrap_err(), format!("{path}: {named}"));
    }
}

#[test]
fn a_run_can_override_a_parameter() {
    let secret = |_: &str| String::new();
    let mut settings = settings(&secret);
    settings
        .parameters
        .insert("GrabWindowSeconds".to_owned(), "5".to_owned());
    let stack = load(SOURCE, &settings).unwrap();
    assert!(
        function(&stack, "order-intake").environment["MARKET"].contains(r#""grab_window_s":5}"#)
    );
}

#[test]
fn every_function_s_trigger_is_read() {
    let stack = real();
    let routes = stack
        .functions
        .iter()
        .flat_map(|f| &f.events)
        .filter(|e| matches!(e, EventSource::Http(_)))
        .count();
    assert_eq!(routes, SOURCE.matches("Type: HttpApi,").count());
    let EventSource::Stream(stream) = &function(&stack, "order-events").events[0] else {
        panic!("order-events reads a stream");
    };
    assert_eq!(stream.retries, Some(20));
    assert!(stream.bisects && stream.reports_failures && stream.on_failure.is_some());
    let EventSource::Queue(queue) = &function(&stack, "agency-fanout").events[0] else {
        panic!("agency-fanout reads a queue");
    };
    assert_eq!(
        queue.queue,
        "arn:aws:sqs:us-east-1:000000000000:homehail-fan-out"
    );
    assert_eq!((queue.batch_size, queue.concurrency), (1, Some(100)));
}

/// Lambda stops what goes round more often than 16 times, unless the function may loop.
#[test]
fn exactly_the_functions_whose_messages_can_come_back_to_them_may_loop() {
    let stack = real();
    let read_by = |function: &Function| {
        let queues = function.events.iter().filter_map(|event| match event {
            EventSource::Queue(source) => Some(source.queue.clone()),
            _ => None,
        });
        queues.collect::<BTreeSet<_>>()
    };
    // From a queue, messages get to its dead letters, and to where the functions that read it may send.
    let after = |queue: &String| {
        let mut next = BTreeSet::new();
        let this = stack
            .queues
            .iter()
            .find(|q| queue.ends_with(&format!(":{}", q.name)));
        let redrive = this.and_then(|queue| queue.attributes.get("RedrivePolicy"));
        if let Some(redrive) = redrive {
            let redrive: Value = serde_json::from_str(redrive).unwrap();
            next.insert(redrive["deadLetterTargetArn"].as_str().unwrap().to_owned());
        }
        let readers = stack
            .functions
            .iter()
            .filter(|f| read_by(f).contains(queue));
        for policy in readers.flat_map(|f| &stack.roles[&f.role].policies) {
            for statement in policy.document["Statement"].as_array().unwrap() {
                if statement["Action"] == "sqs:SendMessage" {
                    next.insert(statement["Resource"].as_str().unwrap().to_owned());
                }
            }
        }
        next
    };
    for function in &stack.functions {
        let own = read_by(function);
        let (mut reached, mut left) = (
            BTreeSet::new(),
            own.iter().flat_map(after).collect::<Vec<_>>(),
        );
        while let Some(queue) = left.pop() {
            if reached.insert(queue.clone()) {
                left.extend(after(&queue));
            }
        }
        let loops = own.intersection(&reached).next().is_some();
        assert_eq!(function.may_loop, loops, "{}", function.code);
    }
    assert!(function(&stack, "dead-letters").may_loop);
}

/// AWS asks for six times, so that pollers can hold messages for a while when the function is throttled.
#[test]
fn messages_stay_hidden_six_times_as_long_as_their_function_may_take() {
    let stack = real();
    for function in &stack.functions {
        for event in &function.events {
            let EventSource::Queue(source) = event else {
                continue;
            };
            let queue = stack
                .queues
                .iter()
                .find(|q| source.queue.ends_with(&format!(":{}", q.name)));
            let hidden: u64 = queue.unwrap().attributes["VisibilityTimeout"]
                .parse()
                .unwrap();
            assert_eq!(hidden, 6 * function.timeout.as_secs(), "{}", source.queue);
            assert!(source.concurrency.is_some(), "{}", source.queue);
        }
    }
}

/// With a secret's new value a function goes on with the old one until it is updated. The table says which functions have
/// which key, and by what they are updated.
#[test]
fn the_table_of_keys_says_which_functions_have_which_key() {
    let stack = real();
    let mut given = BTreeSet::new();
    for function in &stack.functions {
        for (variable, value) in &function.environment {
            if let Some(key) = value.strip_prefix("secret of ") {
                given.insert(format!("{key}: {} {variable}", function.code));
            }
        }
        // By this one alone every function is updated.
        assert!(function.environment.contains_key("KEYS_READ_AT"));
    }
    let pages = include_str!("../../../docs/decisions/keys-and-secrets.md");
    let mut told = BTreeSet::new();
    for row in pages.lines().filter_map(|line| line.strip_prefix("| `")) {
        let mut cells = row.split('|').map(|cell| cell.trim().trim_end_matches('`'));
        let (key, variable, functions) = (
            cells.next().unwrap(),
            cells.next().unwrap(),
            cells.next().unwrap(),
        );
        let variable = variable.trim_start_matches('`');
        let all = stack
            .functions
            .iter()
            .map(|function| function.code.as_str());
        let functions = match functions {
            "all" => all.collect(),
            some => some.split(", ").collect::<Vec<_>>(),
        };
        for function in functions {
            told.insert(format!("{key}: {} {variable}", function.trim_matches('`')));
        }
    }
    assert_eq!(given, told);
}

#[test]
fn an_unknown_element_is_named_with_its_place() {
    // Text of the real template, its replacement, the error.
    let cases = [
        (
            "BillingMode: PAY_PER_REQUEST",
            "BillingMode: PROVISIONED",
            "Resources.OrdersTable.Properties.BillingMode: unknown variant `PROVISIONED`, expected `PAY_PER_REQUEST`",
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "ContributorInsightsSpecification: {}",
            "Resources.OrdersTable.Properties.ContributorInsightsSpecification: unknown field `ContributorInsightsSpecification`",
        ),
        (
            "Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [st, sa, ar, wo, ce] }",
            "Projection: { ProjectionType: INCLUDE, NonKeyAttribute: [st] }",
            "Resources.OrdersTable.Properties.GlobalSecondaryIndexes[1].Projection.NonKeyAttribute: unknown field `NonKeyAttribute`",
        ),
        (
            "Type: AWS::SQS::QueuePolicy",
            "Type: AWS::SNS::Topic",
            "Resources.EventArchivePolicy.Type: unknown resource type `AWS::SNS::Topic`",
        ),
        (
            "Customer: { Type: HttpApi,",
            "Customer: { Type: Api,",
            "Resources.Sessions.Properties.Events.Customer.Type: unknown event type `Api`",
        ),
        (
            "BatchSize: 1,",
            "BatchSize: 1, ProvisionedPollerConfig: {},",
            "Resources.Erasure.Properties.Events.Requests.Properties.ProvisionedPollerConfig: unknown field `ProvisionedPollerConfig`",
        ),
        (
            "Timeout: 10\n",
            "Timeout: ten\n",
            "Resources.Sessions.Properties.Timeout: `ten` is not a whole number",
        ),
        (
            "WECHAT_ENDPOINT: !Ref WeChatEndpoint",
            "WECHAT_ENDPOINT: !Ref WechatEndpoint",
            "Resources.Sessions.Properties.Environment.Variables.WECHAT_ENDPOINT: `WechatEndpoint` is neither a parameter nor a resource",
        ),
        (
            "WECHAT_ENDPOINT: !Ref WeChatEndpoint",
            "WECHAT_ENDPOINT: !ImportValue x",
            "Resources.Sessions.Properties.Environment.Variables.WECHAT_ENDPOINT: unknown intrinsic function `ImportValue`",
        ),
        (
            "Stream: !GetAtt DirectoryTable.StreamArn",
            "Stream: !GetAtt DirectoryTable.Stream",
            "Resources.DirectoryProjection.Properties.Events.Changes.Properties.Stream: `DirectoryTable` has no attribute `Stream` here",
        ),
        (
            "{{resolve:secretsmanager:${SubjectKey}}}",
            "{{resolve:ssm:${SubjectKey}}}",
            "Resources.Sessions.Properties.Environment.Variables.SUBJECT_KEY: unknown dynamic reference `{{resolve:ssm:arn:aws:secretsmanager:us-east-1:000000000000:secret:homehail-SubjectKey}}`",
        ),
        (
            "QueueName: !Sub \"${AWS::StackName}-fan-out\"",
            "QueueName: !Ref FanOutQueue",
            "Resources.FanOutQueue.Properties.QueueName: refers to itself",
        ),
        (
            "!If [HasAlarmTopic,",
            "!If [HasTopic,",
            "Resources.FanOutDeadLettersAlarm.Properties.AlarmActions: unknown condition `HasTopic`",
        ),
        (
            "Effect: Allow, Principal: { Service: lambda.amazonaws.com }",
            "Effect: Allow, NotPrincipal: { Service: lambda.amazonaws.com }",
            "Resources.SessionsRole.Properties.AssumeRolePolicyDocument.Statement[0].NotPrincipal: unknown field `NotPrincipal`",
        ),
        (
            "CodeUri: ../functions/sessions",
            "CodeUri: s3://bucket/sessions.zip",
            "Resources.Sessions.Properties.CodeUri: `s3://bucket/sessions.zip` is not supported here",
        ),
        (
            "  Function:\n    Runtime",
            "  Api: {}\n  Function:\n    Runtime",
            "Globals.Api: unknown field `Api`",
        ),
        (
            "    Default: 180\n",
            "",
            "Parameters.GrabWindowSeconds: this parameter has no default and was not given",
        ),
        (
            "SSEAlgorithm: AES256",
            "SSEAlgorithm: aws:kms",
            "Resources.PhotosBucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm: unknown variant `aws:kms`, expected `AES256`",
        ),
        (
            "Mode: COMPLIANCE",
            "Mode: GOVERNANCE",
            "Resources.CheckpointBucket.Properties.ObjectLockConfiguration.Rule.DefaultRetention.Mode: unknown variant `GOVERNANCE`, expected `COMPLIANCE`",
        ),
        (
            "KeySpec: ECC_NIST_EDWARDS25519",
            "KeySpec: RSA_2048",
            "Resources.BadgeKey.Properties.KeySpec: unknown variant `RSA_2048`, expected `ECC_NIST_EDWARDS25519`",
        ),
        (
            "MaxAge: 600",
            "MaxAge: 600\n          AllowCredentials: true",
            "Resources.Api.Properties.CorsConfiguration.AllowCredentials: unknown field `AllowCredentials`",
        ),
        (
            "Outputs:",
            "Mappings: {}\nOutputs:",
            "Mappings: unknown field `Mappings`",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(SOURCE.contains(from), "the template no longer has `{from}`");
        let error = read(&SOURCE.replacen(from, to, 1)).unwrap_err();
        let named = error.to_string();
        assert!(
            named.starts_with(expected),
            "after `{from}` became `{to}`: {named}"
        );
    }
}

#[test]
fn an_unknown_parameter_is_refused() {
    let secret = |_: &str| String::new();
    let mut settings = settings(&secret);
    settings
        .parameters
        .insert("GrabWindow".to_owned(), "5".to_owned());
    let error = load(SOURCE, &settings).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Parameters.GrabWindow: there is no such parameter"
    );
}
