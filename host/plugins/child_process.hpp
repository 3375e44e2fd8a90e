#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// What a child process left behind.
struct ChildEnd {
  std::string report;  ///< what it wrote to its descriptor 3, at most 4 MiB
  std::string output;  ///< the last 8 KiB of what it wrote to stdout and stderr
  bool timed_out = false;
  bool flooded = false;       ///< killed since it wrote more than 4 MiB to its descriptor 3
  std::optional<int> signal;  ///< that killed it
  int exit_code = 0;          ///< when none did
};

/// Runs a program in a process group of its own, with `input` as its standard input, and waits
/// until it ends or the time-out has passed, however much it writes; then the group is killed. The
/// child inherits no other descriptor, no signal mask, and of the environment only what loaders,
/// locales and sanitizers read. Throws Error (code NO_CHILD_PROCESS) when it cannot be started.
ChildEnd runChild(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  std::string_view input, std::chrono::milliseconds timeout);

}  // namespace bulkhead::host
