#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bulkhead::integration {

/// What a process holds at one moment.
struct Holding {
  /// How many there are of each kind: descriptors by the file's name, or "socket:", "pipe:" and the
  /// like; threads by their own.
  std::map<std::string, std::size_t> descriptors_by_name;
  std::map<std::string, std::size_t> threads_by_name;
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::uint64_t memory_kb = 0;  ///< anonymous

  static Holding of(pid_t process);
  /// The kinds of which there are more than before, and how many. What the host makes for its own
  /// routes and its own store when several ask at once, and keeps, counts from the ninth on: its
  /// lanes have no more threads.
  std::vector<std::string> leftSince(const Holding& before) const;
};

}  // namespace bulkhead::integration
