#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "plugins/worker_process.hpp"

namespace bulkhead::host {

/// When a worker is ended or replaced, and when it is started again. 0: no limit.
struct WorkerCare {
  std::size_t restarts = 5;
  std::chrono::milliseconds restart_window{60'000};
  std::chrono::milliseconds stuck{10'000};  ///< past its deadline before a call counts as hung
  std::uint64_t memory_soft_bytes = 0;      ///< more has another generation take its place
  std::uint64_t memory_bytes_max = 0;       ///< more ends it
  std::uint64_t threads_max = 0;            ///< likewise, of all its threads
  unsigned processor_percent_max = 0;       ///< likewise, of one processor over the window
  std::chrono::milliseconds processor_window{10'000};
};

/// Why a worker that uses that much is ended at once: a clause. Empty when it is not.
std::string excessOf(const WorkerUsage& usage, const WorkerCare& care);

/// For what a worker that hangs is ended, from what it did lately: a clause. Empty when it is not.
std::string hangOf(std::chrono::milliseconds overdue, std::chrono::milliseconds heart_silent,
                   std::optional<double> processor_percent, const WorkerCare& care);

}  // namespace bulkhead::host
