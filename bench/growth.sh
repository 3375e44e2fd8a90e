#!/usr/bin/env bash
# bench/growth.sh: what bookings, free times and lists cost as one tenant grows from a thousand to a million appointments. Prints
# RESULT lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit
readonly binary=build/release/bin/bulkhead seconds=4
folder=$(mktemp -d "${TMPDIR:-/tmp}/bulkhead-bench.XXXXXX")
server=
trap '[ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" || true; }; rm -rf "$folder"' EXIT
export RESOURCES=200 API_KEY FIRST
# The limits of clients are on, and out of reach.
export RATE_LIMIT_PER_MINUTE=1000000000 RATE_LIMIT_PER_HOUR=1000000000
API_KEY=bench-key-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
readonly day_s=86400
FIRST=$((($(date -u +%s) / day_s + 2) * day_s))

PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
readonly url=http://127.0.0.1:$PORT
export PORT

serve() {
  BIND_ADDRESS=127.0.0.1 PLUGIN_ISOLATION=${PLUGIN_ISOLATION:-inprocess} DATA_DIR=$folder/data SHUTDOWN_DELAY=0 LOG_LEVEL=warn "$binary" serve >>"$folder/log" 2>&1 &
  server=$!
  until curl -fs -o /dev/null "$url/health/readiness"; do
    kill -0 "$server" || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
  done
}
end() {
  kill -TERM "$server"
  wait "$server" || true
  server=
}
serve
python3 bench/bookings_business.py "$url" "$RESOURCES"
python3 bench/first_appointments.py "$url" 1000
end

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
have=1000 run=0
for size in 1000 10000 100000 1000000; do
  python3 bench/earlier_appointments.py "$folder/data/booking.db" "$have" "$size"
  have=$size
  serve
  slots=$(rate "slots?service=visit&resource=r7&from=$from&to=$to&limit=20")
  page=$(rate "appointments?resource=r7&from=${from}T00:00:00Z&limit=5")
  booked=$(bookings "growth-$size" $((100 + 10 * run)))
  run=$((run + 1))
  printf '%8d appointments: %6s slots/s, %6s pages/s, %6s bookings/s, %s on disk, %s in memory\n' "$size" "$slots" "$page" "$booked" \
    "$(du -sh "$folder/data/booking.db" | cut -f1)" "$(awk '/^VmRSS/ { printf "%.0f MiB", $2 / 1024 }' "/proc/$server/status")"
  end
  if [ "$size" = 1000 ]; then first=("$slots" "$page" "$booked"); fi
done
# What is left of each rate with a thousand times as many appointments.
left() {
  awk -v name="$1" -v last="$2" -v first="$3" 'BEGIN { printf "RESULT %s %.2f x %s higher\n", name, last / first, "0.6" }'
}
left slots_million_to_thousand "$slots" "${first[0]}"
left pages_million_to_thousand "$page" "${first[1]}"
left bookings_million_to_thousand "$booked" "${first[2]}"
