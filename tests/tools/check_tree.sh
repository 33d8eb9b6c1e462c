#!/usr/bin/env bash
# What the tree must look like: the root holds only what is to be found there, nothing is left open,
# and no file speaks of one person's machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0

# Prints what it was given under a heading, if there is anything.
found() {
    [ -n "$2" ] || return 0
    printf '%s\n%s\n' "$1" "$2" >&2
    failed=1
}

found "At the root, outside the layout:" \
    "$(git ls-files | cut -d/ -f1 | sort -u |
        grep -vxE 'Cargo\.toml|Cargo\.lock|README\.md|LICENSE|functions|shared|infra|tests|\..*' || true)"

found "Left open:" \
    "$(git grep -nIE '(todo|unimplemented)!\(|\b(TO''DO|FIX''ME|XX''X)\b|#\[ignore\]' -- \
        '*.rs' '*.yaml' '*.ts' '*.py' '*.sh' '*.md' '*.html' ':!tests/tools/check_tree.sh' || true)"

found "Paths of one machine:" \
    "$(git grep -nIE '(^|[^A-Za-z0-9_.])/(home|Users|root|work)/[A-Za-z]' -- . || true)"

found "Packages locked to one host:" \
    "$(git grep -nE '"resolved":' -- '*package-lock.json' || true)"

found "Names that say nothing:" \
    "$(git ls-files | grep -E '(^|/)(common|utils?|core|managers?|helpers?)(\.rs|/)' || true)"

found "Files over 600 lines; is each about one thing?" \
    "$(git ls-files '*.rs' | while read -r file; do
        [ ! -e "$file" ] || awk -v f="$file" 'END { if (NR > 600) print NR, f }' "$file"
    done)"

# What two functions share is a crate of shared/; each is deployed with its own keys and rights.
functions=$(git ls-files 'functions/*/Cargo.toml' | cut -d/ -f2 | paste -sd'|')
found "Crates that depend on a function:" \
    "$(git grep -nwE "$functions" -- 'functions/*/Cargo.toml' 'shared/*/Cargo.toml' |
        grep -vE ':(name|description|default-run) = ' || true)"

# The domain is pure: no AWS, no async, no clock, no randomness.
found "The domain reaches outside:" \
    "$(git grep -nE '\b(aws_(sdk|config|credential|smithy|lambda)[a-z_]*|tokio|rand|async fn|SystemTime|Timestamp::now)\b' -- 'shared/domain/src/*.rs' |
        grep -vE '^[^:]+:[0-9]+:\s*//|proptest' || true)"

# What stores, queues and events are made of stays behind the crates that know them.
found "A function calls AWS past \`store\`, \`objects\`, \`bus\` and \`events\`:" \
    "$(git grep -nE '\baws_sdk_(dynamodb|s3|sqs|scheduler|eventbridge)\b' -- 'functions/*.rs' || true)"

exit $failed
