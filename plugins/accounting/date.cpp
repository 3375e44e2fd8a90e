#include "date.hpp"

#include <chrono>

#include <bulkhead/error.hpp>
#include <bulkhead/timestamp.hpp>

namespace accounting {
namespace {

constexpr std::size_t kDateBytes = 10;
constexpr std::size_t kInstantBytes = 20;

/// The number in `text`, or -1 where there is anything but digits.
int numberIn(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

bool isDate(std::string_view text) {
  if (text.size() != kDateBytes || text[4] != '-' || text[7] != '-') return false;
  const int year = numberIn(text.substr(0, 4));
  const int month = numberIn(text.substr(5, 2));
  const int day = numberIn(text.substr(8, 2));
  return year >= 1900 && month > 0 && day > 0 &&
         std::chrono::year_month_day{std::chrono::year{year},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}}
             .ok();
}

void requireDate(std::string_view field, std::string_view text) {
  if (isDate(text)) return;
  throw bulkhead::Error::validation("VALIDATION_ERROR",
                                    std::string{field} + " is \"" + std::string{text} +
                                        "\"; it has to be a day such as \"2026-01-06\".");
}

int yearOf(std::string_view date) {
  return numberIn(date.substr(0, 4));
}

std::string dateOf(std::int64_t seconds) {
  return formatInstant(seconds).substr(0, kDateBytes);
}

std::string formatInstant(std::int64_t seconds) {
  return bulkhead::rfc3339(std::chrono::seconds{seconds});
}

std::optional<std::int64_t> parseInstant(std::string_view text) {
  if (text.size() != kInstantBytes || !isDate(text.substr(0, kDateBytes)) || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':' || text[19] != 'Z') {
    return std::nullopt;
  }
  const int hour = numberIn(text.substr(11, 2));
  const int minute = numberIn(text.substr(14, 2));
  const int second = numberIn(text.substr(17, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day day{
      std::chrono::year{yearOf(text)},
      std::chrono::month{static_cast<unsigned>(numberIn(text.substr(5, 2)))},
      std::chrono::day{static_cast<unsigned>(numberIn(text.substr(8, 2)))}};
  return std::chrono::seconds{std::chrono::sys_days{day}.time_since_epoch()}.count() + hour * 3600 +
         minute * 60 + second;
}

}  // namespace accounting
