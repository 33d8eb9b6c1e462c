#!/usr/bin/env python3
"""Checks that a stack is deployed as the template and its parameters say, and prints what the tests need to know of it.

    deployed.py [--take-over] <stack> [parameters.yaml …]

Taking over deletes its event source mappings, because the emulator would hand messages to binaries that are none: the tests
then do what they would.
"""

import json
import os
import sys

import boto3
import yaml

takes_over = sys.argv[1] == "--take-over"
stack, *files = sys.argv[1 + takes_over :]
cloudformation, lambdas = boto3.client("cloudformation"), boto3.client("lambda")

described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
parameters = {given["ParameterKey"]: given["ParameterValue"] for given in described["Parameters"]}
for file in files:
    for name, value in yaml.safe_load(open(file)).items():
        if name != "$include":
            assert parameters[name] == value, f"{name} is {parameters[name]!r}, not {value!r}"

pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
resources = {found["LogicalResourceId"]: found for page in pages for found in page["StackResourceSummaries"]}
incomplete = [name for name, found in resources.items() if not found["ResourceStatus"].endswith("_COMPLETE")]
assert not incomplete, f"not deployed: {incomplete}"

functions = {name: found["PhysicalResourceId"] for name, found in resources.items() if found["ResourceType"] == "AWS::Lambda::Function"}
environments = {
    name: lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"] for name, function in functions.items()
}
if "Distribution" in resources:
    found = boto3.client("cloudfront").get_distribution(Id=resources["Distribution"]["PhysicalResourceId"])
    [origin] = found["Distribution"]["DistributionConfig"]["Origins"]["Items"]
    [header] = origin["CustomHeaders"]["Items"]
    deaf = [name for name, variables in environments.items() if variables.get("EDGE_SECRET", header["HeaderValue"]) != header["HeaderValue"]]
    assert not deaf, f"these do not know what comes through CloudFront: {deaf}"
mappings = []
for name, function in functions.items():
    for mapping in lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        mappings.append({"function": name, "source": mapping["EventSourceArn"], "batch_size": mapping["BatchSize"]})
        if takes_over:
            lambdas.delete_event_source_mapping(UUID=mapping["UUID"])
print(json.dumps({
    "endpoint": os.environ["AWS_ENDPOINT_URL"],
    "region": os.environ["AWS_REGION"],
    "resources": {name: found["PhysicalResourceId"] for name, found in resources.items()},
    "environments": environments,
    "mappings": mappings,
}))
print(f"{stack}: {len(resources)} resources, {len(mappings)} event sources", file=sys.stderr)
