#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// Where the kernel tells of this process.
struct SystemFolders {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// The first line of `file` of this process's control group (cgroup v2) and of each above it, own
/// first; of those that have the file.
std::vector<std::string> controlGroupLines(std::string_view file,
                                           const SystemFolders& folders = {});

/// Processors that this process may use at once, at least 1: of its affinity (`taskset`, a cpuset),
/// and no more than the least quota of its control groups pays for (`cpu.max`, rounded up).
unsigned usableProcessors(const SystemFolders& folders = {});

}  // namespace bulkhead::host
