#include "holding.hpp"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>

namespace bulkhead::integration {
namespace {

std::size_t entriesOf(pid_t process, const char* what) {
  const std::filesystem::directory_iterator entries{fmt::format("/proc/{}/{}", process, what)};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

Holding Holding::of(pid_t process) {
  Holding holding{entriesOf(process, "fd"), entriesOf(process, "task"), 0};
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  for (std::string name, line; status >> name && std::getline(status, line);) {
    if (name == "RssAnon:") holding.memory_kb = std::strtoull(line.c_str(), nullptr, 10);
  }
  return holding;
}

}  // namespace bulkhead::integration
