#!/usr/bin/env bash
# bench/runtime.sh: what the host itself spends on one request of the greeter, in instructions.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

tools/build release bench_runtime greeter >&2
lines=$(bench/instructions.py 100 1100 build/release/bin/bench_runtime build/release/plugins/greeter.so)
printf '%s\n' "instructions per request, by library:" "$lines"
of() { printf '%s\n' "$lines" | awk -v name="$1" '$2 ~ name { sum += $1 } END { print sum + 0 }'; }
host=$(of '^bench_runtime$')
plugin=$(of '^greeter[.]so$')
all=$(of .)
printf 'RESULT runtime_host_instructions %s instructions - lower\n' "$host"
printf 'RESULT runtime_libraries_instructions %s instructions - lower\n' "$((all - host - plugin))"
printf 'RESULT runtime_plugin_instructions %s instructions - lower\n' "$plugin"
