#!/usr/bin/env bash
# bench/worker.sh: what a worker costs beside the same plugin in the host, 1 KB answers; see bench/worker_hop.py. Prints RESULT
# lines for bench/run.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

command -v wrk >/dev/null || { echo "bench/worker.sh: it needs wrk: install it" >&2; exit 1; }
tools/build release bulkhead load >&2
python3 bench/worker_hop.py "$@"
