#include "runtime/schedule_times.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>

namespace bulkhead::host {
namespace {

using Instant = cctz::time_point<cctz::seconds>;
using Names = std::array<std::string_view, 12>;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kEveryMax = 366 * 86'400;
constexpr int kDaysAhead = 8 * 366;  ///< from one 29th of February over 2100 to the next
constexpr Names kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr Names kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRange {
  std::string_view what;
  int least;
  int most;
  const Names* names = nullptr;
};

constexpr FieldRange kFields[] = {{"minute", 0, 59},
                                  {"hour", 0, 23},
                                  {"day of the month", 1, 31},
                                  {"month", 1, 12, &kMonths},
                                  {"day of the week", 0, 7, &kWeekdays}};

[[noreturn]] void refuse(const FieldRange& field, std::string_view text) {
  throw std::invalid_argument{
      fmt::format("'{}' is no {} of a cron line: {} to {}, as lists, "
                  "ranges and steps",
                  text, field.what, field.least, field.most)};
}

/// One of the values of a field.
class CronField {
 public:
  CronField(const FieldRange& range, std::string_view text) : range_{range}, text_{text} {
    for (std::string_view rest = text;;) {
      const auto comma = rest.find(',');
      addPart(rest.substr(0, comma));
      if (comma == std::string_view::npos) return;
      rest.remove_prefix(comma + 1);
    }
  }

  bool has(int value) const { return values_.test(static_cast<std::size_t>(value)); }
  bool isAny() const { return text_.front() == '*'; }

 private:
  void addPart(std::string_view part) {
    const auto slash = part.find('/');
    int step = 1;
    if (slash != std::string_view::npos) step = std::max(number(part.substr(slash + 1)), 0);
    if (step == 0) refuse(range_, text_);
    const std::string_view span = part.substr(0, slash);
    int first = range_.least;
    int last = range_.most;
    if (span != "*") {
      const auto dash = span.find('-');
      first = valueOf(span.substr(0, dash));
      last = dash != std::string_view::npos    ? valueOf(span.substr(dash + 1))
             : slash != std::string_view::npos ? range_.most
                                               : first;
    }
    if (first > last) refuse(range_, text_);
    for (int value = first; value <= last; value += step)
      values_.set(static_cast<std::size_t>(value));
  }

  int valueOf(std::string_view text) const {
    if (range_.names != nullptr) {
      for (std::size_t i = 0; i < range_.names->size(); ++i) {
        if (!text.empty() && isSame(text, (*range_.names)[i]))
          return static_cast<int>(i) + range_.least;
      }
    }
    const int value = number(text);
    if (value < range_.least || value > range_.most) refuse(range_, text_);
    return value;
  }

  static bool isSame(std::string_view text, std::string_view name) {
    return std::equal(text.begin(), text.end(), name.begin(), name.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  }

  int number(std::string_view text) const {
    int value = -1;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size() ||
        value < 0)
      refuse(range_, text_);
    return value;
  }

  const FieldRange& range_;
  std::string text_;
  std::bitset<64> values_;
};

std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

Instant instantOf(std::int64_t us) {
  const std::int64_t seconds = us / kSecond - (us % kSecond < 0 ? 1 : 0);
  return Instant{cctz::seconds{seconds}};
}

}  // namespace

struct ScheduleTimes::Line {
  Line(const std::vector<std::string_view>& words, cctz::time_zone of)
      : minutes{kFields[0], words[0]},
        hours{kFields[1], words[1]},
        days{kFields[2], words[2]},
        months{kFields[3], words[3]},
        weekdays{kFields[4], words[4]},
        zone{of} {}

  /// As cron(8) has it: where both kinds of days are named, either will do.
  bool hasDay(const cctz::civil_day& day) const {
    if (!months.has(day.month())) return false;
    const int number = (static_cast<int>(cctz::get_weekday(day)) + 1) % 7;  // Sunday is 0, or 7
    const bool of_week = weekdays.has(number) || (number == 0 && weekdays.has(7));
    const bool of_month = days.has(day.day());
    return days.isAny() || weekdays.isAny() ? of_week && of_month : of_week || of_month;
  }

  Instant instant(const cctz::civil_second& local) const {
    const auto found = zone.lookup(local);
    return found.kind == cctz::time_zone::civil_lookup::SKIPPED ? found.trans : found.pre;
  }

  /// The first one of that day, not before `from`, that is after `after`.
  std::optional<Instant> nextOf(const cctz::civil_day& day, const cctz::civil_minute& from,
                                Instant after) const {
    for (int hour = 0; hour < 24; ++hour) {
      if (!hours.has(hour)) continue;
      for (int minute = 0; minute < 60; ++minute) {
        if (!minutes.has(minute)) continue;
        const cctz::civil_minute local{day.year(), day.month(), day.day(), hour, minute};
        if (local < from) continue;
        const Instant found = instant(cctz::civil_second{local});
        if (found > after) return found;
      }
    }
    return std::nullopt;
  }

  CronField minutes;
  CronField hours;
  CronField days;
  CronField months;
  CronField weekdays;
  cctz::time_zone zone;
};

ScheduleTimes ScheduleTimes::cron(std::string_view line, const std::string& zone) {
  const auto words = wordsOf(line);
  if (words.size() != std::size(kFields)) {
    throw std::invalid_argument{
        fmt::format("'{}' is no cron line: it has five fields, minute, hour, day of the month, "
                    "month and day of the week",
                    line)};
  }
  cctz::time_zone found;
  if (!cctz::load_time_zone(zone, &found))
    throw std::invalid_argument{fmt::format("'{}' is no time zone that is known here", zone)};
  return ScheduleTimes{std::make_shared<const Line>(words, found), 0};
}

ScheduleTimes ScheduleTimes::every(std::int64_t seconds) {
  if (seconds < 1 || seconds > kEveryMax)
    throw std::invalid_argument{"an interval is of 1 second to 366 days"};
  return ScheduleTimes{nullptr, seconds * kSecond};
}

std::int64_t ScheduleTimes::next(std::int64_t after_us) const {
  if (!line_) return (after_us / every_us_ + 1) * every_us_;
  const Instant after = instantOf(after_us);
  const cctz::civil_minute from{line_->zone.lookup(after).cs};
  cctz::civil_day day{from};
  for (int ahead = 0; ahead < kDaysAhead; ++ahead, ++day) {
    if (!line_->hasDay(day)) continue;
    if (const auto found = line_->nextOf(day, from, after))
      return found->time_since_epoch().count() * kSecond;
  }
  return 0;
}

/// Looks back further and further: most often what was missed is not long ago.
std::vector<std::int64_t> ScheduleTimes::latest(std::int64_t after_us, std::int64_t until_us,
                                                std::size_t most) const {
  std::vector<std::int64_t> found;
  for (const std::int64_t window : {kDay / 24, kDay, 32 * kDay, 400 * kDay, 3000 * kDay}) {
    const std::int64_t from = std::max(after_us, until_us - window);
    found.clear();
    for (std::int64_t at = next(from); at != 0 && at <= until_us; at = next(at)) {
      found.push_back(at);
      if (found.size() > most) found.erase(found.begin());
    }
    if (found.size() >= most || from == after_us) break;
  }
  return found;
}

}  // namespace bulkhead::host
