#include "logging/recent_lines.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace bulkhead::host {

void RecentLines::add(std::string_view line) noexcept {
  const std::size_t added = added_.load(std::memory_order_relaxed);
  Slot& slot = (*slots_)[added % kLines];
  slot.size = std::min(line.size(), kLineBytesMax);
  std::memcpy(slot.text.data(), line.data(), slot.size);
  if (slot.size < line.size()) slot.text[slot.size - 1] = '\n';
  added_.store(added + 1, std::memory_order_release);
}

const RecentLines::Slot& RecentLines::slot(std::size_t added, std::size_t i) const noexcept {
  return (*slots_)[(added - std::min(added, kLines) + i) % kLines];
}

std::vector<std::string> RecentLines::all() const {
  const std::size_t added = added_.load(std::memory_order_acquire);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(added, kLines); ++i) {
    const Slot& kept = slot(added, i);
    lines.emplace_back(kept.text.data(), kept.size == 0 ? 0 : kept.size - 1);
  }
  return lines;
}

void RecentLines::writeTo(int descriptor) const noexcept {
  const std::size_t added = added_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < std::min(added, kLines); ++i) {
    const Slot& kept = slot(added, i);
    if (write(descriptor, kept.text.data(), std::min(kept.size, kLineBytesMax)) < 0) return;
  }
}

}  // namespace bulkhead::host
