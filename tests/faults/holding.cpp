#include "holding.hpp"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <set>

namespace bulkhead::integration {
namespace {

namespace fs = std::filesystem;

using Counts = std::map<std::string, std::size_t>;

/// "socket:[4711]" is a "socket:".
std::string nameOf(const fs::path& link) {
  std::error_code gone;
  const std::string name = fs::read_symlink(link, gone).filename().string();
  return name.substr(0, name.find('['));
}

std::string firstLine(const fs::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

const std::set<std::string> kMadeWhenNeeded{"host",    "writer",      "checkpoint",
                                            "host.db", "host.db-wal", "schedstat"};
constexpr std::size_t kMadeWhenNeededMost = 8;

void addGrowth(const Counts& before, const Counts& after, std::vector<std::string>& left) {
  for (const auto& [name, count] : after) {
    const auto found = before.find(name);
    const std::size_t had = found == before.end() ? 0 : found->second;
    const std::size_t allowed = kMadeWhenNeeded.contains(name) ? kMadeWhenNeededMost : 0;
    if (count > had + allowed) left.push_back(fmt::format("{} x {}, had {}", count, name, had));
  }
}

}  // namespace

Holding Holding::of(pid_t process) {
  Holding holding;
  for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/fd", process)}) {
    ++holding.descriptors_by_name[nameOf(entry.path())];
    ++holding.descriptors;
  }
  for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/task", process)}) {
    ++holding.threads_by_name[firstLine(entry.path() / "comm")];
    ++holding.threads;
  }
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  for (std::string name, line; status >> name && std::getline(status, line);) {
    if (name == "RssAnon:") holding.memory_kb = std::strtoull(line.c_str(), nullptr, 10);
  }
  return holding;
}

std::vector<std::string> Holding::leftSince(const Holding& before) const {
  std::vector<std::string> left;
  addGrowth(before.descriptors_by_name, descriptors_by_name, left);
  addGrowth(before.threads_by_name, threads_by_name, left);
  return left;
}

}  // namespace bulkhead::integration
