#!/usr/bin/env bash
# The first hour of docs/plugin-guide.md as it stands there, in an empty folder, with nothing but the two packages.
# Run by packages_test.py; PORT says where the host listens.
set -euo pipefail
trap 'kill -TERM "$host" 2>/dev/null && wait "$host"' EXIT
host=

bulkhead plugin new my-thing
cmake -S my-thing -B my-thing/build -G Ninja
cmake --build my-thing/build
ctest --test-dir my-thing/build --output-on-failure
bulkhead plugin verify --faults my-thing/build/plugins/my-thing.so

mkdir plugins.d
echo "enabled = true" >plugins.d/my-thing.properties
export API_KEY=a-key-of-your-own-with-32-letters-or-more
PLUGIN_DIR=my-thing/build/plugins PLUGIN_CONF_DIR=plugins.d DATA_DIR=data bulkhead serve &
host=$!
until bulkhead probe ready; do sleep 0.1; done

call() { curl -sS -H "Authorization: Bearer $API_KEY" "$@"; }
call -H "Content-Type: application/json" -d '{"slug":"salon"}' "localhost:${PORT:-5000}/api/admin/tenants"
call -H "X-Tenant-Id: salon" "localhost:${PORT:-5000}/api/my-thing/v1/hello/Ann" # {"hello":"Ann"}
