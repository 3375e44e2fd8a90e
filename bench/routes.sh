#!/usr/bin/env bash
# bench/routes.sh: what it costs to find a route among 20 and among 500, in instructions.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

tools/build release bench_routes >&2
cost() {
  bench/instructions.py 1000 11000 build/release/bin/bench_routes "$1" |
    awk '{ sum += $1 } END { printf "%d", sum + 0 }'
}
few=$(cost 20)
many=$(cost 500)
printf 'RESULT routes_20_instructions %s instructions - lower\n' "$few"
printf 'RESULT routes_500_instructions %s instructions 3000 lower\n' "$many"
awk -v few="$few" -v many="$many" \
  'BEGIN { printf "RESULT routes_500_to_20 %.2f x 2 lower\n", many / few }'
