#!/usr/bin/env python3
"""Checks of infra/template.yaml that no linter makes, on the expanded template.

* One role a function, taken by nothing else.
* The key of personal data is with those that need it; unknown routes end where there is nothing but a log to write.
* No action with a wildcard; no resource that is `*` or ends a service's whole name space; a name
  prefix only for the agencies' queues, the timers of our own group and the objects of our own buckets.
* What reads or writes a table of several kinds of items says which: `dynamodb:LeadingKeys` in each statement.
* Partition-neutral: no ARN with a partition written out, so that China's regions work.
* What functions log with the field `alarm` or `heartbeat` is counted in their log groups, and nothing else is.
* An alarm looks at each function's errors and throttles, each queue that somebody reads, each stream's lag.
* Every alarm is in infra/docs/operating.md, with what to do.
* CloudFront keeps what never changes and nothing else, no refusal either; and shows that it is CloudFront.
* Pages of other origins are let in without what the refresh cookie takes.
* What is durable is kept when the stack goes: tables, buckets, signing keys and secrets.

    check_template.py infra/template.yaml expanded.json
"""

import json
import pathlib
import re
import sys

# The only names that may end in `*`, with the intrinsics around them flattened.
PREFIXES = (
    re.compile(r"^arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:<OfferQueuePrefix>\*$"),
    re.compile(r"^arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/<TimerGroup>/\*$"),
    # ListStreams takes no single stream: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    re.compile(r"^<[A-Za-z]+Table\.Arn>/stream/\*$"),
    # The objects of a bucket of our own, or those in one folder of it.
    re.compile(r"^<[A-Za-z]+Bucket\.Arn>/([a-z-]+/)*\*$"),
)
# Tables with items that not everybody who reads some of them may see: credentials beside agencies, scans beside badges,
# the log beside the chains, codes to phones beside families of refresh tokens.
DIVIDED = ("<DirectoryTable.Arn>", "<LedgerTable.Arn>", "<BadgesTable.Arn>", "<WorkersTable.Arn>", "<SessionsTable.Arn>")
# What anybody may call is not among them, nor is the placing of orders.
OPEN_PERSONAL_DATA = {"Workers", "Review", "OwnRecord", "BadgeIssue", "Visits", "FeedApply", "Erasure"}
# Kept for consumers to come: messages in it are no fault.
UNREAD = ("EventArchive",)
# In an alarm that is computed from several.
MOST_METRICS = 10
# CloudFront's own policies, by https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# and using-managed-origin-request-policies.html there.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# The refusals for which CloudFront can be told how long it keeps them; by default it is 10 s, whatever their Cache-Control says.
KEPT_REFUSALS = {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
KEPT = ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::S3::Bucket", "AWS::KMS::Key")


def flat(value: object) -> str:
    """An ARN as text, each reference as its name in angle brackets."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (kind, inner), = value.items()
        if kind == "Ref":
            return f"<{inner}>"
        if kind == "Fn::GetAtt":
            return f"<{'.'.join(inner) if isinstance(inner, list) else inner}>"
        if kind == "Fn::Sub" and isinstance(inner, str):
            return re.sub(r"\$\{([^!}]+)\}", r"<\1>", inner)
    return json.dumps(value)


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


def statements(resources: dict):
    """Every statement of a permission policy, with the name of what carries it."""
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        documents = []
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            for managed in properties.get("ManagedPolicyArns", []):
                yield name, {"Action": "managed policy", "Resource": flat(managed) + "*"}
        elif resource["Type"] in ("AWS::IAM::RolePolicy", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::SQS::QueuePolicy"):
            documents = [properties["PolicyDocument"]]
        for document in documents:
            for statement in as_list(document["Statement"]):
                yield name, statement


def alarms(root: pathlib.Path) -> tuple[set, set]:
    """What functions log as alarms, as (log group, word); and the words that crates log for those that use them."""
    logged, shared = set(), set()
    for file in sorted([*root.glob("functions/*/src/**/*.rs"), *root.glob("shared/*/src/**/*.rs")]):
        for word in re.findall(r'\b(?:alarm|heartbeat) = "([^"]*)"', file.read_text(encoding="utf-8")):
            place, crate = file.relative_to(root).parts[:2]
            if place == "functions":
                logged.add(("".join(part.capitalize() for part in crate.split("-")) + "Logs", word))
            else:
                shared.add(word)
    return logged, shared


def unheard(resources: dict, root: pathlib.Path):
    """Alarms that are logged and not counted, and filters and alarms that nothing sets off."""
    counted, metrics = set(), set()
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Logs::MetricFilter":
            properties = resource["Properties"]
            word = re.search(r'\$\.(?:alarm|heartbeat) = "([^"]*)"', properties["FilterPattern"])
            counted.add((flat(properties["LogGroupName"]).strip("<>"), word[1] if word else ""))
            metrics.update(each["MetricName"] for each in properties["MetricTransformations"])
    logged, shared = alarms(root)
    for group, word in sorted(logged - counted):
        yield f"{group}: no filter counts the alarm {word}"
    for word in sorted(shared - {word for _, word in counted}):
        yield f"no filter counts the alarm {word}"
    for group, word in sorted(counted - logged):
        if word not in shared:
            yield f"{group}: nothing logs the alarm {word}"
    operating = (root / "infra/docs/operating.md").read_text(encoding="utf-8")
    for name, resource in resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            metrics.discard(resource["Properties"].get("MetricName"))
            if not re.search(rf"^\| .*`{name}`.* \|", operating, re.M):
                yield f"{name} is not in operating.md"
    for metric in sorted(metrics):
        yield f"no alarm looks at {metric}"


def unwatched(resources: dict):
    """Functions, queues and streams whose failing no alarm tells."""
    watched = set()
    for alarm, resource in resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            properties = resource["Properties"]
            metrics = [each["MetricStat"]["Metric"] for each in properties.get("Metrics", []) if "MetricStat" in each]
            if len(metrics) > MOST_METRICS:
                yield f"{alarm} has {len(metrics)} metrics; CloudWatch takes {MOST_METRICS}"
            for metric in metrics or [properties]:
                for dimension in metric.get("Dimensions", []):
                    watched.add((metric["MetricName"], flat(dimension["Value"]).strip("<>").removesuffix(".QueueName")))
    for name, resource in resources.items():
        wanted = []
        if resource["Type"] == "AWS::Lambda::Function":
            wanted = [("Errors", name), ("Throttles", name)]
        elif resource["Type"] == "AWS::Lambda::EventSourceMapping" and "Table" in flat(resource["Properties"]["EventSourceArn"]):
            wanted = [("IteratorAge", flat(resource["Properties"]["FunctionName"]).strip("<>"))]
        elif resource["Type"] == "AWS::SQS::Queue" and name not in UNREAD:
            read = any(
                flat(other["Properties"]["EventSourceArn"]) == f"<{name}.Arn>"
                for other in resources.values()
                if other["Type"] == "AWS::Lambda::EventSourceMapping"
            )
            # Without a reader the first message is one too many.
            wanted = [("ApproximateAgeOfOldestMessage" if read else "ApproximateNumberOfMessagesVisible", name)]
        for metric, of in wanted:
            if (metric, of) not in watched:
                yield f"no alarm looks at {metric} of {of}"


def edge(resources: dict):
    """What CloudFront would keep that it must not, or would not pass on or show that it must."""
    config = resources["Distribution"]["Properties"]["DistributionConfig"]
    behaviors = {each["PathPattern"]: each for each in config["CacheBehaviors"]} | {"*": config["DefaultCacheBehavior"]}
    for path, behavior in behaviors.items():
        if behavior["CachePolicyId"] != (CACHING_OPTIMIZED if path == "/a/*" else CACHING_DISABLED):
            yield f"Distribution: {path} has the cache policy {behavior['CachePolicyId']}"
        if behavior["ViewerProtocolPolicy"] not in ("redirect-to-https", "https-only"):
            yield f"Distribution: {path} is answered without TLS"
    if behaviors["*"].get("OriginRequestPolicyId") != ALL_VIEWER_EXCEPT_HOST:
        yield "Distribution: the API is not asked as the caller asked, to its own host"
    kept = KEPT_REFUSALS - {each["ErrorCode"] for each in config["CustomErrorResponses"] if each["ErrorCachingMinTTL"] == 0}
    if kept:
        yield f"Distribution: refusals are kept: {sorted(kept)}"
    for origin in config["Origins"]:
        headers = {each["HeaderName"]: each["HeaderValue"] for each in origin["OriginCustomHeaders"]}
        if "EdgeSecret" not in flat(headers.get("x-homehail-edge", "")):
            yield f"Distribution: {origin['Id']} does not see that it is CloudFront who asks"


def shared_with_other_origins(resources: dict):
    """What lets pages of other sites use a refresh cookie, or lets in pages that nobody named."""
    cors = json.dumps([resource["Properties"].get("Body", {}).get("x-amazon-apigateway-cors") for resource in resources.values()])
    for word in ("allowcredentials", "x-requested-with", "*"):
        if word in cors.lower():
            yield f"Api: {word} in CorsConfiguration"


def main() -> int:
    source_path, expanded_path = sys.argv[1:]
    with open(source_path, encoding="utf-8") as file:
        source = file.read()
    with open(expanded_path, encoding="utf-8") as file:
        resources = json.load(file)["Resources"]
    faults = []

    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"arn:aws(-cn|-us-gov)?:", line):
            faults.append(f"{source_path}:{number}: an ARN with its partition written out")
        if re.search(r"\.amazonaws\.com\.cn|\.amazonaws\.com/", line):
            faults.append(f"{source_path}:{number}: a host of one partition")

    for name, statement in statements(resources):
        if "NotAction" in statement or "NotResource" in statement:
            faults.append(f"{name}: NotAction and NotResource allow what nobody listed")
        for action in as_list(statement.get("Action", [])):
            if "*" in action or ":" not in action:
                faults.append(f"{name}: action {action}")
            if name == "PagesRole" and not action.startswith("logs:"):
                faults.append(f"{name}: {action}, where every unknown route ends")
        conditions = statement.get("Condition", {}).values()
        for resource in as_list(statement.get("Resource", [])):
            text = flat(resource)
            if text in DIVIDED and not any("dynamodb:LeadingKeys" in condition for condition in conditions):
                faults.append(f"{name}: every key of {text}")
            if "*" in text and not any(prefix.match(text) for prefix in PREFIXES):
                faults.append(f"{name}: resource {text}")

    owners: dict[str, list[str]] = {}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Function":
            owners.setdefault(flat(resource["Properties"]["Role"]), []).append(name)
            if "PERSONAL_DATA_KEY" in resource["Properties"]["Environment"]["Variables"] and name not in OPEN_PERSONAL_DATA:
                faults.append(f"{name} holds the key of personal data")
        if resource["Type"] in KEPT:
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if resource.get(policy) != "Retain":
                    faults.append(f"{name}: {policy} is not Retain")
    for role, functions in owners.items():
        if len(functions) > 1:
            faults.append(f"{role} is the role of {', '.join(functions)}")

    faults.extend(edge(resources))
    faults.extend(shared_with_other_origins(resources))
    faults.extend(unwatched(resources))
    faults.extend(unheard(resources, pathlib.Path(source_path).resolve().parent.parent))

    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{len(resources)} resources, {len(owners)} functions, each with its own role")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
