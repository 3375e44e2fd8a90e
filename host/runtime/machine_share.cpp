#include "runtime/machine_share.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sched.h>
#include <sstream>
#include <thread>

namespace bulkhead::host {
namespace {

/// The path of the unified hierarchy: the line "0::/path".
std::optional<std::filesystem::path> unifiedGroup(const std::filesystem::path& proc) {
  std::ifstream in{proc / "self" / "cgroup"};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("0::/")) return std::filesystem::path{line.substr(4)};
  }
  return {};
}

/// "50000 100000": microseconds of processor time in each period; nothing of "max 100000".
std::optional<unsigned> processorsOf(const std::string& quota) {
  std::istringstream in{quota};
  double time = 0;
  double period = 0;
  if (!(in >> time >> period) || time <= 0 || period <= 0) return {};
  constexpr double kMost = 65536;
  return static_cast<unsigned>(std::min(kMost, (time + period - 1) / period));
}

}  // namespace

std::vector<std::string> controlGroupLines(std::string_view file, const SystemFolders& folders) {
  auto group = unifiedGroup(folders.proc);
  std::vector<std::string> lines;
  while (group) {
    std::ifstream in{folders.cgroup / *group / file};
    if (std::string line; std::getline(in, line)) lines.push_back(std::move(line));
    if (group->empty()) break;
    group = group->parent_path();
  }
  return lines;
}

unsigned usableProcessors(const SystemFolders& folders) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  unsigned count = sched_getaffinity(0, sizeof allowed, &allowed) == 0
                       ? static_cast<unsigned>(CPU_COUNT(&allowed))
                       : std::thread::hardware_concurrency();
  for (const auto& quota : controlGroupLines("cpu.max", folders))
    count = std::min(count, processorsOf(quota).value_or(count));
  return std::max(1U, count);
}

}  // namespace bulkhead::host
