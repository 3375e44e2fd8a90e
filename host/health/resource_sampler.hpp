#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "runtime/machine_share.hpp"

namespace bulkhead::host::health {

struct AllocatorBytes {
  std::uint64_t in_use = 0;  ///< mallinfo2: uordblks + hblkhd
  std::uint64_t arena = 0;   ///< mallinfo2: arena + hblkhd
};

/// C8 and S92: what the process uses and what it may use. 1 MB is 1048576 bytes.
struct Resources {
  std::uint64_t rss_bytes = 0;         ///< resident set, /proc/self/statm
  std::uint64_t heap_used_bytes = 0;   ///< the allocator's bytes in use
  std::uint64_t heap_total_bytes = 0;  ///< the effective memory limit, not the arena
  std::uint64_t heap_arena_bytes = 0;  ///< what the allocator got from the system
  double cpu_seconds = 0;              ///< user and system, all threads, since start
  double cpu_percent = 0;              ///< of one core, over the time since the sample before
  unsigned cores = 1;                  ///< that this process may use

  /// heapUsed / heapTotal, 0..100.
  double memoryPercent() const;
};

struct ResourceOptions {
  std::uint64_t memory_limit_mb = 0;  ///< MEMORY_LIMIT_MB; 0 for none
  SystemFolders folders{};
  std::function<AllocatorBytes()> allocator;  ///< empty: mallinfo2
};

/// Samples in the background (the memory check does it each second), so that no endpoint reads a
/// file. Thread-safe.
class ResourceSampler {
 public:
  /// Takes the first sample.
  explicit ResourceSampler(ResourceOptions options = {});

  /// Reads the system; a file that cannot be read leaves its figure as it was.
  Resources sample();
  Resources latest() const;

 private:
  const ResourceOptions options_;
  mutable std::mutex mutex_;
  Resources latest_;
  std::chrono::steady_clock::time_point sampled_{};
};

/// The least of MEMORY_LIMIT_MB, cgroup v2's memory.max of this process's group and all above it,
/// and MemTotal; 0 when nothing is known.
std::uint64_t effectiveMemoryLimit(const ResourceOptions& options);

}  // namespace bulkhead::host::health
