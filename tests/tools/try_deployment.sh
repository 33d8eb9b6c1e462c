#!/usr/bin/env bash
# Deploys the template by the commands of infra/docs/operating.md, SAM's and the CDK's, with stand-ins for the binaries, onto an
# emulator of AWS that shares no code with ours, and runs there what can be run. `.ci/run deploy` calls it.
#
# Needs sam, and what .ci/requirements-deploy.txt installs, on the path; npm's packages in infra/cdk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(realpath "${CARGO_TARGET_DIR:-target}")/deployment
rm -rf "$work"
mkdir -p "$work/lambda"

trap 'tests/tools/ministack.sh stop' EXIT
endpoint=$(tests/tools/ministack.sh start)
# Nothing here may reach a real account, or read somebody's profile.
export AWS_ENDPOINT_URL=$endpoint AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1
export AWS_REGION=$AWS_DEFAULT_REGION AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
cdk="-c stack=homehail-cdk -c binaries=$work/lambda -c template=$work/template.yaml"
export SAM_CLI_TELEMETRY=0 deployment=$work/parameters

# The commands in the first block under this heading of operating.md, with these differences: the binaries are stand-ins that
# lie elsewhere, so that nobody deploys them; the tools that print keys are already built; npm's packages are already
# installed; the CDK does not ask for approval, and has a stack of its own.
documented() {
    awk -v heading="$1" '
        /^#+ / && !inside { under = (substr($0, length($0) - length(heading) + 1) == heading) }
        /^```/ { if (inside && under) exit; inside = !inside; next }
        inside && under' infra/docs/operating.md |
        sed "s|target/lambda|$work/lambda|
            s|cargo run -q -p [a-z-]* --bin |$work/../debug/|
            s|npm ci|true|
            s|npx cdk deploy|npx --no-install cdk deploy --no-notices --require-approval never $cdk|"
}
run() {
    # Empty if the heading has been renamed.
    [ -n "$1" ] && bash -euo pipefail -c "$1" >"$work/log" 2>&1 || { tail -n 60 "$work/log" >&2; return 1; }
}
say() { echo "-- $1 ($SECONDS s)"; }

for function in functions/*/; do
    mkdir "$work/lambda/$(basename "$function")"
    printf '#!/bin/sh\n' >"$work/lambda/$(basename "$function")/bootstrap"
    chmod +x "$work/lambda/$(basename "$function")/bootstrap"
done
# The emulator takes no alarm over several metrics: those are left out here.
awk '
    function put() { if (block !~ /AWS::CloudWatch::Alarm/ || block !~ /\n      Metrics:/) printf "%s", block; block = "" }
    /^[A-Z]|^  [A-Za-z]+:$/ { put() }
    { block = block $0 "\n" }
    END { put() }' infra/template.yaml >"$work/template.yaml"
sed 's|^\( *CodeUri: \)\.\./functions/\([a-z-]*\)$|\1\2|' "$work/template.yaml" >"$work/lambda/template.yaml"

say "sam deploy, the first time"
first=$(documented "With SAM")
run "$first"
python3 tests/tools/deployed.py homehail "$deployment"/*.yaml >/dev/null

say "the public keys, and sam deploy again"
tests/tools/built status-keys >/dev/null
run "$(documented "Either way")
$(documented "4. Second deployment: the public keys")"
# A value with quotes and spaces, and an empty one, besides the keys; and CloudFront before the API.
sed -i "s|^CreditSources:.*|CreditSources: '[{\"source\": \"court\", \"public_key\": \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\", \"sections\": [\"dishonesty\"]}]'\nAlarmTopicArn: ''\nCloudFront: beside|" \
    "$deployment/parameters.yaml"
run "$(grep -A1 '^sam deploy' <<<"$first")"
python3 tests/tools/deployed.py --take-over homehail "$deployment"/*.yaml >"$work/deployed.json"

say "cdk deploy"
run "(cd infra/cdk && npx --no-install cdk bootstrap --no-notices $cdk)
$(documented "With the CDK")"
python3 tests/tools/deployed.py homehail-cdk >/dev/null

say "what AWS documents, and how the emulator differs"
python3 tests/tools/emulator_findings.py "$endpoint"

say "the tables' tests"
# The one that is skipped needs to know how units are split between a table and its indexes, which the emulator does not tell.
HOMEHAIL_DYNAMODB=$endpoint cargo test --locked --quiet --workspace --test tables -- \
    --skip budget::an_order_from_placed_to_claimed

say "the functions, as they were deployed"
HOMEHAIL_DEPLOYED=$work/deployed.json cargo test --locked --quiet --workspace --test end-to-end independent::
say "done"
