#!/usr/bin/env bash
# bench/rest.sh: the running host as a client sees it: start to ready, idle memory, slots through REST (a page,
# all of them, of fifty resources), and 100 clients for one slot. Needs a release build; prints RESULT lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit
readonly binary=build/release/bin/bulkhead rounds=5
folder=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-bench.XXXXXX")
server=
trap 'stop; rm -rf "$folder"' EXIT
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
API_KEY=bench-key-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
# The limits of clients are on, and out of reach.
export RATE_LIMIT_PER_MINUTE=1000000000 RATE_LIMIT_PER_HOUR=1000000000
export PORT API_KEY BIND_ADDRESS=127.0.0.1 DATA_DIR=$folder/data SHUTDOWN_DELAY=0
readonly url=http://127.0.0.1:$PORT

start() {
  "$binary" serve >"$folder/log" 2>&1 &
  server=$!
}
stop() {
  [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" || true; }
  server=
}
awaitReady() {
  local tries
  for ((tries = 0; tries < 3000; ++tries)); do
    curl -fs -o /dev/null "$url/health/readiness" && return 0
    sleep 0.01
  done
  echo "the host was not ready within 30 s" >&2
  exit 1
}
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

startTimes() {
  local round
  for ((round = 0; round < rounds; ++round)); do
    start
    awaitReady
    sed -n 's/.*"message":"Ready".*"startMs":\([0-9]*\).*/\1/p' "$folder/log"
    stop
  done
}
# slotRates LIMIT: requests a second for 30 days of one resource, in each round.
slotRates() {
  local round day until
  day=$(date -u -d '+1 day' +%F) until=$(date -u -d '+31 days' +%F)
  for ((round = 0; round < rounds; ++round)); do
    wrk -t1 -c16 -d2 -H "X-API-Key: $API_KEY" \
      "$url/api/booking/v1/slots?service=haircut&resource=anna&from=${day}T00:00:00Z&to=${until}T00:00:00Z&limit=$1" |
      awk '/^Requests\/sec/ { print $2 } /Non-2xx/ { print "requests failed" > "/dev/stderr"; exit 1 }'
  done
}

echo "RESULT start_to_ready_ms $(startTimes | median) ms - lower"
start
awaitReady
sleep 2
echo "RESULT idle_memory_mib $(awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status") MiB - lower"
tools/demo "$url" >/dev/null
echo "RESULT slots_30_days_limit_20 $(slotRates 20 | median) requests/s 8000 higher"
echo "RESULT slots_30_days_all $(slotRates 5000 | median) requests/s 1500 higher"
python3 bench/fifty_resources.py "$url"
python3 bench/one_slot.py "$url"
