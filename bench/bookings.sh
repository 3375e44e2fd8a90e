#!/usr/bin/env bash
# bench/bookings.sh: durable bookings through REST at 32 connections, beside raw sqlite3 with a connection per client and beside
# the same service on Express and better-sqlite3, in turns. Prints RESULT lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit
readonly binary=build/release/bin/bulkhead rounds=3 seconds=4
folder=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-bench.XXXXXX")
servers=()
trap 'stopAll; rm -rf "$folder"' EXIT
export RESOURCES=64 API_KEY
# The limits of clients are on, and out of reach.
export RATE_LIMIT_PER_MINUTE=1000000000 RATE_LIMIT_PER_HOUR=1000000000
API_KEY=bench-key-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

stopAll() {
  local server
  for server in ${servers[@]+"${servers[@]}"}; do kill -TERM "$server" 2>/dev/null && wait "$server" || true; done
}
freePort() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
ratio() { paste "$1" "$2" | awk '{ printf "%.2f\n", $1 / $2 }' | median; }

awaitAnswer() {
  local tries
  for ((tries = 0; tries < 1000; ++tries)); do
    curl -s -o /dev/null "$1" && return 0
    sleep 0.02
  done
  echo "$1 does not answer" >&2
  exit 1
}
startOurs() {
  our_port=$(freePort)
  PORT=$our_port BIND_ADDRESS=127.0.0.1 PLUGIN_ISOLATION=${PLUGIN_ISOLATION:-inprocess} DATA_DIR=$folder/data SHUTDOWN_DELAY=0 LOG_FILE=$folder/log "$binary" serve >/dev/null 2>&1 &
  servers+=($!)
  ours_pid=$!
  awaitAnswer "http://127.0.0.1:$our_port/health/readiness"
  until curl -fs -o /dev/null "http://127.0.0.1:$our_port/health/readiness"; do sleep 0.05; done
  python3 bench/bookings_business.py "http://127.0.0.1:$our_port" "$RESOURCES"
}
startTheirs() {
  local modules=build/bench/bookings_express
  mkdir -p "$modules"
  cp bench/bookings_express/* "$modules"
  [ -d "$modules/node_modules/prom-client" ] && [ -d "$modules/node_modules/better-sqlite3/build" ] ||
    npm install --prefix "$modules" --no-audit --no-fund --no-package-lock >&2
  their_port=$(freePort)
  PORT=$their_port DATABASE=$folder/express.db MIGRATIONS=plugins/booking/migrations/sqlite LOG_FILE=$folder/express.log NODE_ENV=production node "$modules/server.js" >/dev/null &
  servers+=($!)
  awaitAnswer "http://127.0.0.1:$their_port/"
}

# load NAME PORT ROUND: bookings a second and the 99th percentile in milliseconds, to $folder/NAME and $folder/NAME.p99.
load() {
  local output
  output=$(RUN=$3 FIRST=$(($(date -u -d '+2 days' +%s) / 86400 * 86400 + $3 * 60 * 86400)) wrk -t1 -c32 -d"$seconds" --timeout 30s --latency \
    -s bench/bookings.lua -H "X-API-Key: $API_KEY" -H 'Content-Type: application/json' "http://127.0.0.1:$2")
  if grep -q 'Non-2xx\|Socket errors' <<<"$output"; then
    echo "$1: $output" >&2
    exit 1
  fi
  awk '/^Requests\/sec/ { print $2 }' <<<"$output" >>"$folder/$1"
  awk '$1 == "99%" { value = $2; if (value ~ /us$/) value /= 1000; else if (value !~ /ms$/) value *= 1000; print value + 0 }' \
    <<<"$output" >>"$folder/$1.p99"
}

command -v node npm >/dev/null || { echo "bench/bookings.sh: it compares with Node.js: install node and npm" >&2; exit 1; }
tools/build release bench_store >&2
startOurs
startTheirs
for ((round = 0; round < rounds; ++round)); do
  load ours "$our_port" "$round"
  load theirs "$their_port" "$round"
  build/release/bin/bench_store raw 32 >>"$folder/raw"
  awk '{ print ($1 > 8000 ? 8000 : $1) }' "$folder/raw" >"$folder/raw.capped"
  printf 'bookings/s: ours %s (p99 %s ms), express %s (p99 %s ms), raw sqlite3 %s\n' "$(tail -n1 "$folder/ours")" \
    "$(tail -n1 "$folder/ours.p99")" "$(tail -n1 "$folder/theirs")" "$(tail -n1 "$folder/theirs.p99")" "$(tail -n1 "$folder/raw")"
done
echo "memory after it: $(awk '/^VmRSS/ { printf "%.0f MiB", $2 / 1024 }' "/proc/$ours_pid/status")"
echo "RESULT bookings_32 $(median <"$folder/ours") bookings/s 4000 higher"
echo "RESULT bookings_32_p99 $(median <"$folder/ours.p99") ms 25 lower"
echo "RESULT bookings_32_to_raw_sqlite $(ratio "$folder/ours" "$folder/raw.capped") ratio 0.7 higher"
echo "RESULT bookings_32_to_express $(ratio "$folder/ours" "$folder/theirs") ratio 5 higher"
