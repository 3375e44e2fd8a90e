#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace bulkhead::integration {

/// What a process holds at one moment.
struct Holding {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::uint64_t memory_kb = 0;  ///< anonymous

  static Holding of(pid_t process);
};

}  // namespace bulkhead::integration
