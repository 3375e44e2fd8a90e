#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace booking {

/// Writes many times of the same days: what a clock shows that stands `wall_s` seconds after
/// 1970-01-01T00:00. The date is worked out once a day; that is most of the work.
class ClockText {
 public:
  /// "2026-01-06T14:00:00"; valid until the next call.
  std::string_view at(std::int64_t wall_s);
  /// "2026-01-06T14:00".
  std::string_view minuteAt(std::int64_t wall_s) { return at(wall_s).substr(0, 16); }

 private:
  void setPair(std::size_t at, std::int64_t number);

  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  std::array<char, 19> text_{};
};

}  // namespace booking
