#pragma once

#include <cctz/civil_time.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zone.hpp"

namespace booking {

/// On which days something recurs: the part of RFC 5545 §3.3.10 that opening hours need. FREQ is
/// DAILY, WEEKLY or MONTHLY; INTERVAL, COUNT or UNTIL, WKST; BYDAY (with ordinals where FREQ is
/// MONTHLY); BYMONTHDAY (also from the month's end, not where FREQ is WEEKLY). As in libical, a
/// start that the other parts do not match is no occurrence.
class Recurrence {
 public:
  enum class Frequency { Daily, Weekly, Monthly };
  /// A weekday, and which one of the month: 2 the second, -1 the last, 0 each.
  struct Weekday {
    unsigned weekday = 0;  ///< 0 is Monday
    int ordinal = 0;
    friend bool operator==(const Weekday&, const Weekday&) = default;
  };
  /// The latest start: a date, a wall time, or a wall time of UTC.
  struct Until {
    enum class Kind { Date, Wall, Utc };
    Kind kind = Kind::Date;
    cctz::civil_second wall;
    friend bool operator==(const Until&, const Until&) = default;
  };

  /// Reads the value of an RRULE; `start` is its DTSTART. Throws VALIDATION_ERROR, naming the part
  /// that is wrong, missing or not known, or valid_from where the rule depends on a start that is
  /// not given.
  static Recurrence parse(std::string_view text, const std::optional<cctz::civil_day>& start);

  /// Whether there is an occurrence on `date` that starts at `begin_min` of that day in `zone`.
  bool occursOn(const cctz::civil_day& date, int begin_min, const Zone& zone) const;

  const std::string& text() const { return text_; }
  friend bool operator==(const Recurrence&, const Recurrence&) = default;

 private:
  friend class RecurrenceParser;
  bool isInPeriod(const cctz::civil_day& date) const;
  bool isDayOfPeriod(const cctz::civil_day& date) const;
  bool isListedWeekday(const cctz::civil_day& date) const;
  bool isListedMonthDay(const cctz::civil_day& date) const;
  bool isUntil(const cctz::civil_day& date, int begin_min, const Zone& zone) const;
  cctz::civil_day weekOf(const cctz::civil_day& date) const;
  cctz::civil_day following(const cctz::civil_day& date) const;
  std::optional<cctz::civil_day> lastCounted() const;

  std::string text_;
  Frequency frequency_ = Frequency::Daily;
  int interval_ = 1;
  int count_ = 0;  ///< 0: without an end of its own
  std::optional<Until> until_;
  std::vector<Weekday> by_day_;
  std::vector<int> by_month_day_;
  unsigned week_start_ = 0;
  std::optional<cctz::civil_day> start_;
  std::optional<cctz::civil_day> last_;  ///< that COUNT allows
};

}  // namespace booking
