#include "clock_text.hpp"

#include <algorithm>

#include "instant.hpp"

namespace booking {
namespace {

constexpr std::int64_t kDaySeconds = 86400;

}  // namespace

std::string_view ClockText::at(std::int64_t wall_s) {
  const std::int64_t of_day = (wall_s % kDaySeconds + kDaySeconds) % kDaySeconds;
  const std::int64_t day = (wall_s - of_day) / kDaySeconds;
  if (day != day_) {
    day_ = day;
    const std::string date = formatDate(cctz::civil_day{1970, 1, 1} + day);
    std::copy(date.begin(), date.end(), text_.begin());
    text_[10] = 'T';
    text_[13] = text_[16] = ':';
  }
  setPair(11, of_day / 3600);
  setPair(14, of_day / 60 % 60);
  setPair(17, of_day % 60);
  return {text_.data(), text_.size()};
}

void ClockText::setPair(std::size_t at, std::int64_t number) {
  text_[at] = static_cast<char>('0' + number / 10);
  text_[at + 1] = static_cast<char>('0' + number % 10);
}

}  // namespace booking
