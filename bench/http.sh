#!/usr/bin/env bash
# bench/http.sh [ARGUMENT...]: the front beside nginx, Poco, Go, Fastify and Express; see bench/http_front.py. Prints RESULT
# lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

for needed in node npm go nginx wrk; do
  command -v "$needed" >/dev/null || { echo "bench/http.sh: it compares with peers that need $needed: install it" >&2; exit 1; }
done
tools/build release bulkhead load http_peer_poco >&2
python3 bench/http_front.py "$@"
bench/http_instructions.py || [ $? -eq 1 ]  # above its bar: its RESULT lines say so
