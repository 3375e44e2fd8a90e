#include "date.hpp"

#include <algorithm>

#include <bulkhead/error.hpp>

namespace accounting {
namespace {

using std::chrono::days;
using std::chrono::sys_seconds;

constexpr std::size_t kDateBytes = 10;

/// The number in `text`, or -1 where there is anything but digits.
int numberIn(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

void appendPadded(std::string& out, int number, std::size_t digits) {
  const std::string text = std::to_string(number);
  out.append(digits - std::min(digits, text.size()), '0').append(text);
}

std::string formatDay(const std::chrono::year_month_day& day) {
  std::string text;
  appendPadded(text, static_cast<int>(day.year()), 4);
  text += '-';
  appendPadded(text, static_cast<int>(static_cast<unsigned>(day.month())), 2);
  text += '-';
  appendPadded(text, static_cast<int>(static_cast<unsigned>(day.day())), 2);
  return text;
}

sys_seconds moment(std::int64_t seconds) {
  return sys_seconds{std::chrono::seconds{seconds}};
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
  return formatDay(std::chrono::floor<days>(moment(seconds)));
}

std::string formatInstant(std::int64_t seconds) {
  const auto day = std::chrono::floor<days>(moment(seconds));
  const std::chrono::hh_mm_ss<std::chrono::seconds> time{moment(seconds) - day};
  std::string text = formatDay(day);
  text += 'T';
  appendPadded(text, static_cast<int>(time.hours().count()), 2);
  text += ':';
  appendPadded(text, static_cast<int>(time.minutes().count()), 2);
  text += ':';
  appendPadded(text, static_cast<int>(time.seconds().count()), 2);
  return text + 'Z';
}

std::string dayAsked(const bulkhead::Request& request, const bulkhead::Host& host) {
  const auto asked = request.query("as_of");
  if (!asked) return dateOf(nowSeconds(host));
  requireDate("as_of", *asked);
  return std::string{*asked};
}

}  // namespace accounting
