#include "recurrence.hpp"

#include <algorithm>

#include "weekday.hpp"

namespace booking {
namespace {

/// Where a count that never fills up stops looking.
const cctz::civil_day kFarthest{2200, 1, 1};

int daysInMonth(const cctz::civil_day& date) {
  return (cctz::civil_day{cctz::civil_month{date} + 1} - 1).day();
}

cctz::civil_second startOf(const cctz::civil_day& date, int begin_min) {
  return cctz::civil_second{date} + begin_min * 60;
}

}  // namespace

bool Recurrence::occursOn(const cctz::civil_day& date, int begin_min, const Zone& zone) const {
  return (!start_ || *start_ <= date) && (!last_ || date <= *last_) && isInPeriod(date) &&
         isDayOfPeriod(date) && isUntil(date, begin_min, zone);
}

bool Recurrence::isInPeriod(const cctz::civil_day& date) const {
  if (interval_ == 1) return true;
  switch (frequency_) {
    case Frequency::Daily:
      return (date - *start_) % interval_ == 0;
    case Frequency::Weekly:
      return (weekOf(date) - weekOf(*start_)) / 7 % interval_ == 0;
    default:
      return (cctz::civil_month{date} - cctz::civil_month{*start_}) % interval_ == 0;
  }
}

bool Recurrence::isDayOfPeriod(const cctz::civil_day& date) const {
  if (by_day_.empty() && by_month_day_.empty()) {
    if (frequency_ == Frequency::Weekly) return weekdayOf(date) == weekdayOf(*start_);
    return frequency_ == Frequency::Daily || date.day() == start_->day();
  }
  return isListedWeekday(date) && isListedMonthDay(date);
}

bool Recurrence::isListedWeekday(const cctz::civil_day& date) const {
  const int from_begin = (date.day() - 1) / 7 + 1;
  const int from_end = (date.day() - daysInMonth(date)) / 7 - 1;
  return by_day_.empty() || std::any_of(by_day_.begin(), by_day_.end(), [&](const Weekday& one) {
           return one.weekday == weekdayOf(date) &&
                  (one.ordinal == 0 || one.ordinal == from_begin || one.ordinal == from_end);
         });
}

bool Recurrence::isListedMonthDay(const cctz::civil_day& date) const {
  const int from_end = date.day() - daysInMonth(date) - 1;
  return by_month_day_.empty() ||
         std::any_of(by_month_day_.begin(), by_month_day_.end(),
                     [&](int day) { return day == date.day() || day == from_end; });
}

bool Recurrence::isUntil(const cctz::civil_day& date, int begin_min, const Zone& zone) const {
  if (!until_) return true;
  switch (until_->kind) {
    case Until::Kind::Date:
      return date <= cctz::civil_day{until_->wall};
    case Until::Kind::Wall:
      return startOf(date, begin_min) <= until_->wall;
    default:
      return zone.toInstant(startOf(date, begin_min)) <=
             fromEpoch(until_->wall - cctz::civil_second{1970, 1, 1});
  }
}

cctz::civil_day Recurrence::weekOf(const cctz::civil_day& date) const {
  return date - static_cast<int>((weekdayOf(date) + 7 - week_start_) % 7);
}

cctz::civil_day Recurrence::following(const cctz::civil_day& date) const {
  if (isInPeriod(date)) return date + 1;
  switch (frequency_) {
    case Frequency::Daily:
      return date + (interval_ - (date - *start_) % interval_);
    case Frequency::Weekly:
      return weekOf(date) + 7;
    default:
      return cctz::civil_day{cctz::civil_month{date} + 1};
  }
}

std::optional<cctz::civil_day> Recurrence::lastCounted() const {
  if (count_ == 0) return std::nullopt;
  int left = count_;
  for (cctz::civil_day date = *start_; date < kFarthest; date = following(date)) {
    if (isInPeriod(date) && isDayOfPeriod(date) && --left == 0) return date;
  }
  return std::nullopt;
}

}  // namespace booking
