#!/usr/bin/env python3
"""Expands infra/template.yaml as CloudFormation would and prints the result as JSON.

Linters see more in the expanded template than in SAM's source: wrong IAM actions, a queue's
visibility below its function's timeout, circular references. Works offline: code gets a dummy
address, managed policies (of which we name none but those SAM itself may add) a dummy map.

    expand_template.py [--region cn-north-1] infra/template.yaml > expanded.json
"""

import argparse
import json
import os
import sys


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("template")
    arguments.add_argument("--region", default="eu-central-1")
    options = arguments.parse_args()
    # The translator asks boto3 for the region and the partition, never for credentials.
    os.environ["AWS_DEFAULT_REGION"] = options.region

    from samtranslator.parser.parser import Parser
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.translator import Translator
    from samtranslator.yaml_helper import yaml_parse

    with open(options.template, encoding="utf-8") as file:
        source = yaml_parse(file.read())
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://dummy-bucket/dummy-key"

    policies = {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    try:
        expanded = Translator(policies, Parser()).translate(source, parameter_values={})
    except InvalidDocumentException as error:
        for cause in error.causes:
            print(cause.message, file=sys.stderr)
        return 1
    json.dump(expanded, sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
