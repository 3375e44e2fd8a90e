#include <benchmark/benchmark.h>
#include <fcntl.h>

#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

LogOptions options() {
  LogOptions options;
  options.version = "1.0.0";
  options.environment = "production";
  options.descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
  options.pending_bytes_max = 256 * 1024 * 1024;  // measures the call, not the drop policy
  return options;
}

LogSystem& system() {
  static LogSystem system{options()};
  return system;
}

void addSecrets() {
  system().addSecret("9f86d081884c7d659a2feaa0c55ad015");
  system().addSecret("60303ae22b998861bce3b28f33eec1be");
  system().addSecret("whsec_0123456789abcdef");
}

void requestLine(benchmark::State& state) {
  addSecrets();
  LogContext context;
  context.request_id = "0193f1a2b3c4d5e6";
  context.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  context.tenant = "acme";
  context.api_key_id = "k3J9dLq0Zx1A";
  const LogScope scope{context};
  for ([[maybe_unused]] auto step : state) {
    log(Level::Info, "http", "request",
        {{"method", "GET"},
         {"url", "/api/booking/v1/appointments?from=2026-01-01"},
         {"route", "/api/booking/v1/appointments"},
         {"status", 200},
         {"durationMs", 1.25},
         {"ip", "203.0.113.7"},
         {"userAgent", "curl/7.88.1"}});
  }
}

void shortLine(benchmark::State& state) {
  addSecrets();
  for ([[maybe_unused]] auto step : state) {
    log(Level::Info, "jobs", "job finished", {{"queue", "report-generation"}, {"durationMs", 12}});
  }
}

void disabledLine(benchmark::State& state) {
  system();
  for ([[maybe_unused]] auto step : state) {
    log(Level::Debug, "jobs", "job finished", {{"queue", "report-generation"}, {"durationMs", 12}});
  }
}

BENCHMARK(disabledLine);
BENCHMARK(shortLine);
BENCHMARK(shortLine)->Threads(2);
BENCHMARK(requestLine);
BENCHMARK(requestLine)->Threads(2);

}  // namespace
}  // namespace bulkhead::host

BENCHMARK_MAIN();
