#pragma once

#include <filesystem>
#include <spawn.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// How a program is started: in a process group of its own, without a signal mask, with the
/// descriptors that it is given and no other, and of the environment only what loaders, locales and
/// sanitizers read. Throws Error (NO_CHILD_PROCESS) when it cannot be.
class SpawnPlan {
 public:
  SpawnPlan();
  ~SpawnPlan();
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// The child's descriptor `number`, from 0 without gap, is ours of `from`, which is `raised`.
  void give(int from, int number);
  /// Once. The child's id.
  pid_t run(const std::filesystem::path& program, const std::vector<std::string>& arguments);

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int given_ = 0;
};

/// The same file under a number above those that a child is given, closed by exec.
FileDescriptor raised(FileDescriptor descriptor);

/// Throws Error (NO_CHILD_PROCESS) for an errno that is not 0.
void requireSpawn(int result, const char* what);

}  // namespace bulkhead::host
