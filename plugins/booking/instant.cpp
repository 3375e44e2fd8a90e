#include "instant.hpp"

#include <array>

namespace booking {
namespace {

constexpr int kDayMinutes = 24 * 60;

/// Reads fixed-width numbers and literal characters from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_{text} {}

  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool literal(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool atEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void appendNumber(std::string& out, std::int64_t value, std::size_t digits) {
  std::array<char, 8> text{};
  for (std::size_t i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text.data(), digits);
}

bool scanDate(Scanner& scan, cctz::civil_day& date) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!scan.number(4, year) || !scan.literal('-') || !scan.number(2, month) || !scan.literal('-') ||
      !scan.number(2, day)) {
    return false;
  }
  date = cctz::civil_day{year, month, day};
  return year >= 1970 && date.month() == month && date.day() == day;
}

bool scanTimeOfDay(Scanner& scan, int& second_of_day) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!scan.number(2, hour) || !scan.literal(':') || !scan.number(2, minute)) return false;
  if (scan.literal(':') && !scan.number(2, second)) return false;
  second_of_day = (hour * 60 + minute) * 60 + second;
  return hour < 24 && minute < 60 && second < 60;
}

bool scanWall(Scanner& scan, cctz::civil_second& wall) {
  cctz::civil_day date;
  int second_of_day = 0;
  if (!scanDate(scan, date) || !scan.literal('T') || !scanTimeOfDay(scan, second_of_day)) {
    return false;
  }
  wall = cctz::civil_second{date} + second_of_day;
  return true;
}

bool scanOffset(Scanner& scan, int& offset_s) {
  if (scan.literal('Z')) return true;
  const bool west = scan.literal('-');
  if (!west && !scan.literal('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!scan.number(2, hours) || !scan.literal(':') || !scan.number(2, minutes)) return false;
  offset_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  return hours < 24 && minutes < 60;
}

void appendDate(std::string& out, const cctz::civil_day& date) {
  appendNumber(out, date.year(), 4);
  out += '-';
  appendNumber(out, date.month(), 2);
  out += '-';
  appendNumber(out, date.day(), 2);
}

void appendClock(std::string& out, int hour, int minute) {
  appendNumber(out, hour, 2);
  out += ':';
  appendNumber(out, minute, 2);
}

}  // namespace

std::string formatInstant(Instant instant) {
  const cctz::civil_second utc = cctz::civil_second{1970, 1, 1} + epochSeconds(instant);
  std::string text = formatWall(utc);
  text += ':';
  appendNumber(text, utc.second(), 2);
  text += 'Z';
  return text;
}

std::optional<Instant> parseInstant(std::string_view text) {
  Scanner scan{text};
  cctz::civil_second wall;
  if (!scanWall(scan, wall)) return std::nullopt;
  if (scan.literal('.')) {
    int digit = 0;
    if (!scan.number(1, digit)) return std::nullopt;
    while (scan.number(1, digit)) continue;
  }
  int offset_s = 0;
  if (!scanOffset(scan, offset_s) || !scan.atEnd()) return std::nullopt;
  return fromEpoch(wall - cctz::civil_second{1970, 1, 1} - offset_s);
}

std::string formatWall(const cctz::civil_second& wall) {
  std::string text;
  text.reserve(20);
  appendDate(text, cctz::civil_day{wall});
  text += 'T';
  appendClock(text, wall.hour(), wall.minute());
  return text;
}

std::optional<cctz::civil_second> parseWall(std::string_view text) {
  Scanner scan{text};
  cctz::civil_second wall;
  if (!scanWall(scan, wall) || !scan.atEnd()) return std::nullopt;
  return wall;
}

std::string formatDate(const cctz::civil_day& date) {
  std::string text;
  appendDate(text, date);
  return text;
}

std::optional<cctz::civil_day> parseDate(std::string_view text) {
  Scanner scan{text};
  cctz::civil_day date;
  if (!scanDate(scan, date) || !scan.atEnd()) return std::nullopt;
  return date;
}

std::string formatMinuteOfDay(int minute) {
  std::string text;
  appendClock(text, minute / 60, minute % 60);
  return text;
}

std::optional<int> parseMinuteOfDay(std::string_view text) {
  Scanner scan{text};
  int hour = 0;
  int minute = 0;
  if (!scan.number(2, hour) || !scan.literal(':') || !scan.number(2, minute) || !scan.atEnd()) {
    return std::nullopt;
  }
  const int of_day = hour * 60 + minute;
  if (minute > 59 || of_day > kDayMinutes) return std::nullopt;
  return of_day;
}

std::string formatOffset(int offset_s) {
  std::string text{offset_s < 0 ? '-' : '+'};
  const int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
  appendClock(text, minutes / 60, minutes % 60);
  return text;
}

}  // namespace booking
