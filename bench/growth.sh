#!/usr/bin/env bash
# bench/growth.sh: what bookings, free times and lists cost as one tenant grows from a thousand to a million appointments. Prints
# RESULT lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit
readonly binary=build/release/bin/bulkhead seconds=2
folder=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-bench.XXXXXX")
server=
trap '[ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" || true; }; rm -rf "$folder"' EXIT
export RESOURCES=200 API_KEY FIRST
API_KEY=bench-key-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
readonly day_s=86400
FIRST=$((($(date -u +%s) / day_s + 2) * day_s))

PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
readonly url=http://127.0.0.1:$PORT
export PORT
BIND_ADDRESS=127.0.0.1 DATA_DIR=$folder/data SHUTDOWN_DELAY=0 LOG_LEVEL=warn "$binary" serve >"$folder/log" 2>&1 &
server=$!
until curl -fs -o /dev/null "$url/health/readiness"; do sleep 0.05; done
python3 bench/bookings_business.py "$url" "$RESOURCES"

# rate TARGET: requests a second of a GET.
rate() {
  wrk -t1 -c8 -d"$seconds" -H "X-API-Key: $API_KEY" "$url/api/booking/v1/$1" |
    awk '/^Requests\/sec/ { printf "%.0f\n", $2 } /Non-2xx/ { print "requests failed" > "/dev/stderr"; exit 1 }'
}
# bookings RUN DAY: bookings a second at 32 connections, from that day on.
bookings() {
  RUN=$1 FIRST=$((FIRST + $2 * day_s)) wrk -t1 -c32 -d"$seconds" --timeout 30s -s bench/bookings.lua -H "X-API-Key: $API_KEY" \
    -H 'Content-Type: application/json' "$url" |
    awk '/^Requests\/sec/ { printf "%.0f\n", $2 } /Non-2xx/ { print "requests failed" > "/dev/stderr"; exit 1 }'
}

from=$(date -u -d "@$FIRST" +%F) to=$(date -u -d "@$((FIRST + 30 * day_s))" +%F)
have=0 run=0
for size in 1000 10000 100000 1000000; do
  python3 bench/fill_appointments.py "$url" "$have" "$size"
  have=$size
  slots=$(rate "slots?service=visit&resource=r7&from=$from&to=$to&limit=20")
  page=$(rate "appointments?resource=r7&from=${from}T00:00:00Z&limit=50")
  booked=$(bookings "growth-$size" $((100 + 10 * run)))
  run=$((run + 1))
  printf '%8d appointments: %6s slots/s, %6s pages/s, %6s bookings/s, %s on disk, %s in memory\n' "$size" "$slots" "$page" "$booked" \
    "$(du -sh "$folder/data/booking.db" | cut -f1)" "$(awk '/^VmRSS/ { printf "%.0f MiB", $2 / 1024 }' "/proc/$server/status")"
  echo "RESULT slots_at_$size $slots requests/s - higher"
  echo "RESULT pages_at_$size $page requests/s - higher"
  echo "RESULT bookings_at_$size $booked bookings/s - higher"
done
