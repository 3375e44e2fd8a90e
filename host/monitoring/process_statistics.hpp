#pragma once

#include <cstdint>

namespace bulkhead::host::monitoring {

/// The process as the client libraries' standard metrics show it.
struct ProcessStatistics {
  double cpu_seconds = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t virtual_bytes = 0;
  double virtual_max_bytes = -1;  ///< -1: no limit
  std::uint64_t resident_bytes = 0;
  double start_time_seconds = 0;  ///< Unix time
  std::uint64_t threads = 0;
};

/// Reads /proc/self and the limits: some tens of microseconds.
ProcessStatistics readProcessStatistics();

}  // namespace bulkhead::host::monitoring
