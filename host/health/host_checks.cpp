#include "health/host_checks.hpp"

#include <utility>

namespace bulkhead::host::health {
namespace {

constexpr double kMemoryDegradedPercent = 85;
constexpr double kMemoryCriticalPercent = 95;

CheckResult judgeMemory(const Resources& resources) {
  CheckResult result;
  result.observed = resources.memoryPercent();
  result.unit = "percent";
  if (*result.observed >= kMemoryCriticalPercent) {
    result.status = Status::Critical;
    result.code = "memory_exhausted";
    result.message = "95 % or more of the memory limit is in use.";
  } else if (*result.observed >= kMemoryDegradedPercent) {
    result.status = Status::Degraded;
    result.code = "memory_high";
    result.message = "85 % or more of the memory limit is in use.";
  }
  return result;
}

CheckResult judgeErrors(const PerformanceFigures& figures, double rate_max_percent) {
  CheckResult result;
  result.observed = figures.error_rate_percent;
  result.unit = "percent";
  if (figures.error_rate_percent > rate_max_percent) {
    result.status = Status::Degraded;
    result.code = "error_rate_high";
    result.message = "Too many requests fail.";
  }
  return result;
}

}  // namespace

CheckSpec memoryCheck(ResourceSampler& sampler) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "memory";
  spec.kind = CheckKind::Memory;
  spec.interval = std::chrono::seconds{1};
  spec.weights = {Weight::Critical, Weight::Critical};
  spec.failure_threshold = 3;
  spec.check = [&sampler](std::chrono::milliseconds) { return judgeMemory(sampler.sample()); };
  return spec;
}

CheckSpec databaseCheck(std::string name, std::function<bool(std::chrono::milliseconds)> ping) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = std::move(name);
  spec.kind = CheckKind::Database;
  spec.interval = std::chrono::seconds{5};
  spec.weights = {Weight::Critical, Weight::Degrading};
  spec.check = [ping = std::move(ping)](std::chrono::milliseconds budget) {
    if (ping(budget)) return CheckResult{};
    return CheckResult{
        Status::Critical, "unavailable", "The database does not answer.", {}, {}, {}};
  };
  return spec;
}

CheckSpec performanceCheck(std::function<PerformanceFigures()> figures,
                           double error_rate_max_percent) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "performance";
  spec.kind = CheckKind::Performance;
  spec.interval = std::chrono::seconds{10};
  spec.check = [figures = std::move(figures), error_rate_max_percent](std::chrono::milliseconds) {
    return judgeErrors(figures(), error_rate_max_percent);
  };
  return spec;
}

CheckSpec logCheck(std::function<std::uint64_t()> lost) {
  CheckSpec spec;
  spec.owner = "host";
  spec.name = "log";
  spec.interval = std::chrono::seconds{10};
  spec.failure_threshold = 1;
  spec.check = [lost = std::move(lost),
                before = std::uint64_t{0}](std::chrono::milliseconds) mutable {
    CheckResult result;
    const std::uint64_t now = lost();
    result.observed = static_cast<double>(now - before);
    result.unit = "lines";
    if (std::exchange(before, now) == now) return result;
    result.status = Status::Degraded;
    result.code = "lines_lost";
    result.message = "Log lines are lost: the log's destination is full or too slow.";
    return result;
  };
  return spec;
}

}  // namespace bulkhead::host::health
