#include "plugins/worker_care.hpp"

#include <fmt/format.h>

namespace bulkhead::host {
namespace {

constexpr std::chrono::milliseconds kHeartSilent{5'000};

}  // namespace

std::string excessOf(const WorkerUsage& usage, const WorkerCare& care) {
  if (care.memory_bytes_max > 0 && usage.memory_bytes > care.memory_bytes_max) {
    return fmt::format("held {} MiB of memory, and may hold {}", usage.memory_bytes >> 20U,
                       care.memory_bytes_max >> 20U);
  }
  if (care.threads_max > 0 && usage.threads > care.threads_max)
    return fmt::format("had {} threads, and may have {}", usage.threads, care.threads_max);
  return {};
}

std::string hangOf(std::chrono::milliseconds overdue, std::chrono::milliseconds heart_silent,
                   std::optional<double> processor_percent, const WorkerCare& care) {
  if (overdue > care.stuck)
    return fmt::format("hung: a call ran {} ms past its deadline", overdue.count());
  if (heart_silent > kHeartSilent)
    return fmt::format("hung: its heart was silent for {} ms", kHeartSilent.count());
  if (care.processor_percent_max > 0 &&
      processor_percent.value_or(0) > care.processor_percent_max) {
    return fmt::format(
        "hung: took {:.0f} % of a processor over {} s, and may take {}", *processor_percent,
        std::chrono::duration<double>(care.processor_window).count(), care.processor_percent_max);
  }
  return {};
}

}  // namespace bulkhead::host
