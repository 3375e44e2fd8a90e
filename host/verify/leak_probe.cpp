#include "verify/leak_probe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <malloc.h>

namespace bulkhead::host {
namespace {

constexpr std::size_t kFirst = 3;  ///< times in which caches fill
constexpr std::size_t kGroups = 3;
constexpr std::size_t kGroup = 3;
constexpr std::size_t kBytesMin = 16;  ///< of one time; less is no block of any allocator

std::ptrdiff_t entriesOf(const char* folder) {
  const std::filesystem::directory_iterator entries{folder};
  return std::distance(begin(entries), end(entries));
}

std::ptrdiff_t heapBytes() {
  const auto all = mallinfo2();
  return static_cast<std::ptrdiff_t>(all.uordblks + all.hblkhd);
}

/// Bytes each time, when every group has more than the one before it.
std::ptrdiff_t growthOf(const std::array<std::ptrdiff_t, kGroups + 1>& heap) {
  std::ptrdiff_t least = heap[1] - heap[0];
  for (std::size_t i = 1; i < kGroups; ++i) least = std::min(least, heap[i + 1] - heap[i]);
  return least / static_cast<std::ptrdiff_t>(kGroup);
}

}  // namespace

std::string leakOf(const std::function<void()>& work) {
  for (std::size_t i = 0; i < kFirst; ++i) work();
  const auto descriptors = entriesOf("/proc/self/fd");
  const auto threads = entriesOf("/proc/self/task");
  std::array<std::ptrdiff_t, kGroups + 1> heap{heapBytes()};
  for (std::size_t group = 0; group < kGroups; ++group) {
    for (std::size_t i = 0; i < kGroup; ++i) work();
    heap[group + 1] = heapBytes();
  }
  constexpr auto kTimes = static_cast<std::ptrdiff_t>(kGroups * kGroup);
  if (entriesOf("/proc/self/fd") - descriptors >= kTimes) return "a descriptor";
  if (entriesOf("/proc/self/task") - threads >= kTimes) return "a thread";
  const std::ptrdiff_t bytes = growthOf(heap);
  if (bytes < static_cast<std::ptrdiff_t>(kBytesMin)) return {};
  return fmt::format("about {} bytes of memory", bytes);
}

}  // namespace bulkhead::host
