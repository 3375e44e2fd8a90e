#!/usr/bin/env bash
# bench/worker.sh [ROUNDS]: what a worker costs beside the same plugin in the host: the hop, its processor time, the
# throughput that is left. bench/dispatch is the in-process side of it.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

command -v wrk >/dev/null || { echo "bench/worker.sh: it needs wrk: install it" >&2; exit 1; }
tools/build release bulkhead load bench_dispatch >&2
build/release/bin/bench_dispatch
python3 bench/worker_hop.py "$@"
