#!/usr/bin/env bash
# The independent emulator of AWS that `.ci/run deploy` deploys onto. It shares no code with our local run.
# What it shows and what not: infra/docs/decisions/independent-emulator.md.
#
#   tests/tools/ministack.sh start    prints the endpoint's URL once it answers
#   tests/tools/ministack.sh stop     stops what start started
#
# Needs `ministack` on the path (.ci/requirements-deploy.txt). It keeps its state in memory only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

state=${CARGO_TARGET_DIR:-target}/ministack
mkdir -p "$state"

stop() {
    [ -e "$state/pid" ] || return 0
    local pid
    pid=$(cat "$state/pid")
    # Another process may have this pid by now: end it only if it is ministack.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q ministack; then
        kill "$pid"
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$state/pid"
}

start() {
    stop
    local port url
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    url=http://127.0.0.1:$port
    # It listens on every address unless told otherwise; its MQTT listener always does.
    IOT_MTLS_ENABLED=0 GATEWAY_PORT=$port BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 \
        nohup ministack </dev/null >"$state/log" 2>&1 &
    echo $! >"$state/pid"
    for _ in $(seq 300); do
        if python3 -c "import urllib.request as u; u.urlopen('$url/_ministack/health', timeout=1)" 2>/dev/null; then
            echo "$url"
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
*)
    echo "usage: $0 start|stop" >&2
    exit 2
    ;;
esac
