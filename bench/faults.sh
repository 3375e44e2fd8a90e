#!/usr/bin/env bash
# bench/faults.sh: one plugin of two is attacked under steady load, in every way that docs/reliability.md names and in
# both lives, each on a host of its own; then its worker is killed a thousand times. Prints the table and RESULT lines
# for bench/run. BULKHEAD_RESTARTS=N kills it N times.
set -euo pipefail
cd "$(dirname "$0")/.." || exit
tools/build release bench_faults >&2
exec build/release/bin/bench_faults "${BULKHEAD_RESTARTS:-1000}"
