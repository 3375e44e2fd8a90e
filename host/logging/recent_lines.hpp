#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

/// The last 100 lines, for crash records (S133). `add` and `all` are called under one lock;
/// `writeTo` takes none and may run in a signal handler.
class RecentLines {
 public:
  static constexpr std::size_t kLines = 100;
  static constexpr std::size_t kLineBytesMax = 2048;

  /// Keeps the first 2 KiB of a line that ends in "\n".
  void add(std::string_view line) noexcept;
  /// Oldest first, without line ends.
  std::vector<std::string> all() const;
  /// Writes the lines, oldest first, with write(2) alone. A line that is added meanwhile may come
  /// out mixed.
  void writeTo(int descriptor) const noexcept;

 private:
  struct Slot {
    std::size_t size = 0;
    std::array<char, kLineBytesMax> text{};
  };

  /// The slot of the i-th oldest of `added` lines.
  const Slot& slot(std::size_t added, std::size_t i) const noexcept;

  std::unique_ptr<std::array<Slot, kLines>> slots_ = std::make_unique<std::array<Slot, kLines>>();
  std::atomic<std::size_t> added_{0};
};

}  // namespace bulkhead::host
