#include "health/resource_sampler.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <malloc.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "runtime/machine_share.hpp"

namespace bulkhead::host::health {
namespace {

constexpr std::uint64_t kMegabyte = 1048576;

std::optional<std::uint64_t> numberIn(std::string_view text) {
  const auto first = text.find_first_of("0123456789");
  if (first == std::string_view::npos) return {};
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data() + first, text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return {};
  return number;
}

std::string firstLine(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<std::uint64_t> memTotal(const std::filesystem::path& proc) {
  std::ifstream in{proc / "meminfo"};
  std::string line;
  while (std::getline(in, line)) {
    if (!line.starts_with("MemTotal:")) continue;
    const auto kilobytes = numberIn(line);
    if (kilobytes) return *kilobytes * 1024;
  }
  return {};
}

std::optional<std::uint64_t> cgroupLimit(const ResourceOptions& options) {
  std::optional<std::uint64_t> least;
  for (const auto& line : controlGroupLines("memory.max", options.folders)) {
    if (const auto limit = numberIn(line)) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

std::optional<std::uint64_t> residentBytes(const std::filesystem::path& proc) {
  const std::string line = firstLine(proc / "self" / "statm");
  const auto space = line.find(' ');
  if (space == std::string::npos) return {};
  const auto pages = numberIn(std::string_view{line}.substr(space));
  if (!pages) return {};
  return *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

AllocatorBytes askAllocator() {
  const struct mallinfo2 info = ::mallinfo2();
  return {info.uordblks + info.hblkhd, info.arena + info.hblkhd};
}

double cpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

double Resources::memoryPercent() const {
  if (heap_total_bytes == 0) return 0;
  return 100.0 * static_cast<double>(heap_used_bytes) / static_cast<double>(heap_total_bytes);
}

std::uint64_t effectiveMemoryLimit(const ResourceOptions& options) {
  constexpr auto kNone = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t least = options.memory_limit_mb == 0 ? kNone : options.memory_limit_mb * kMegabyte;
  least = std::min(least, cgroupLimit(options).value_or(kNone));
  least = std::min(least, memTotal(options.folders.proc).value_or(kNone));
  return least == kNone ? 0 : least;
}

ResourceSampler::ResourceSampler(ResourceOptions options) : options_{std::move(options)} {
  latest_.cores = usableProcessors(options_.folders);
  sample();
}

Resources ResourceSampler::sample() {
  const AllocatorBytes allocator = options_.allocator ? options_.allocator() : askAllocator();
  const auto rss = residentBytes(options_.folders.proc);
  const std::uint64_t limit = effectiveMemoryLimit(options_);
  const auto now = std::chrono::steady_clock::now();
  const double cpu = cpuSeconds();

  const std::lock_guard lock{mutex_};
  latest_.rss_bytes = rss.value_or(latest_.rss_bytes);
  latest_.heap_used_bytes = allocator.in_use;
  latest_.heap_arena_bytes = allocator.arena;
  if (limit > 0) latest_.heap_total_bytes = limit;
  const double elapsed_s = std::chrono::duration<double>(now - sampled_).count();
  const bool has_interval = sampled_.time_since_epoch().count() != 0 && elapsed_s > 0;
  if (has_interval)
    latest_.cpu_percent = std::max(0.0, 100.0 * (cpu - latest_.cpu_seconds) / elapsed_s);
  latest_.cpu_seconds = cpu;
  sampled_ = now;
  return latest_;
}

Resources ResourceSampler::latest() const {
  const std::lock_guard lock{mutex_};
  return latest_;
}

}  // namespace bulkhead::host::health
