#!/usr/bin/env bash
# The independent emulator of AWS that the end-to-end tests can run against: no part of our own
# local run shares code with it. What it can and cannot check:
# infra/docs/decisions/independent-emulator.md.
#
#   tests/tools/ministack.sh start    prints the endpoint's URL once it answers
#   tests/tools/ministack.sh stop     stops what start started
#   tests/tools/ministack.sh find     prints the program's path; fails if it is not installed, unless CI=true
#                                     has it installed
#
# The test `independent::…` of the end-to-end tests does all of this by itself. By hand:
#
#   url=$(tests/tools/ministack.sh start)
#   HOMEHAIL_CLOUD=$url cargo test -p end-to-end orders::
#   cargo run -- --cloud "$url"
#   tests/tools/ministack.sh stop
#
# Needs Python 3.10 or later. Installs into a folder of its own, and keeps its state in memory only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=1.5.33
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homehail/ministack-$version
state=${CARGO_TARGET_DIR:-target}/ministack
mkdir -p "$state"

install() {
    [ -x "$cache/bin/ministack" ] && [ -e "$cache/complete" ] && return
    rm -rf "$cache"
    python3 -m venv "$cache"
    # The last two serve its certificates and its CloudFormation; without them calls fail late.
    "$cache/bin/pip" install --quiet "ministack==$version" cryptography aws-sam-translator boto3
    touch "$cache/complete"
}

find_program() {
    if [ "${CI:-}" = true ] || [ -e "$cache/complete" ]; then
        install >&2
        echo "$cache/bin/ministack"
    elif [ "$(python3 -c 'import importlib.metadata as m; print(m.version("ministack"))' 2>/dev/null)" = "$version" ]; then
        command -v ministack
    else
        echo "ministack $version is not installed: '$0 start' installs it" >&2
        exit 3
    fi
}

stop() {
    [ -e "$state/pid" ] || return 0
    local pid
    pid=$(cat "$state/pid")
    # The pid may have been given to somebody else since: end only what is still ministack.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q ministack; then
        kill "$pid"
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$state/pid" "$state/url"
}

start() {
    install
    stop
    local port url
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    url=http://127.0.0.1:$port
    # It listens on every address unless told otherwise; its MQTT listener does so whatever it is told.
    IOT_MTLS_ENABLED=0 GATEWAY_PORT=$port BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 \
        nohup "$cache/bin/ministack" </dev/null >"$state/log" 2>&1 &
    echo $! >"$state/pid"
    for _ in $(seq 300); do
        if python3 -c "import urllib.request as u; u.urlopen('$url/_ministack/health', timeout=1)" 2>/dev/null; then
            echo "$url" | tee "$state/url"
            return
        fi
        kill -0 "$(cat "$state/pid")" 2>/dev/null || break
        sleep 0.2
    done
    echo "ministack did not come up; $state/log ends:" >&2
    tail -n 20 "$state/log" >&2
    exit 1
}

case ${1:-} in
start) start ;;
stop) stop ;;
find) find_program ;;
*)
    echo "usage: $0 start|stop|find" >&2
    exit 2
    ;;
esac
