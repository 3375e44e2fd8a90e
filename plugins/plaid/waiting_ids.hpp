#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace plaid {

/// Ids that have come and had to wait, in a table whose size is fixed: a flood of others makes it
/// forget some of them, and costs no more. Not thread-safe.
class WaitingIds {
 public:
  using Time = std::chrono::microseconds;

  /// So long after its first delivery an id that comes is a second one of the same sender, who
  /// delivers again. Who makes ids up may name them twice, too, and then takes their place.
  static constexpr std::chrono::seconds kReturns{10};
  static constexpr std::chrono::hours kForgotten{2};

  /// True for an id that has come before, no sooner than kReturns ago; notes any other.
  bool hasReturned(std::string_view id, std::string_view salt, Time now);

 private:
  struct Slot {
    std::uint64_t digest = 0;
    Time noted{0};
  };
  static constexpr std::size_t kSlots = 65536;

  std::vector<Slot> slots_;  ///< empty until the first one waits
};

}  // namespace plaid
