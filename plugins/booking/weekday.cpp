#include "weekday.hpp"

#include <algorithm>
#include <array>

namespace booking {
namespace {

constexpr std::array<std::string_view, 7> kNames{"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

}  // namespace

std::string_view nameOfWeekday(unsigned weekday) {
  return kNames.at(weekday);
}

std::optional<unsigned> weekdayNamed(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin());
}

}  // namespace booking
