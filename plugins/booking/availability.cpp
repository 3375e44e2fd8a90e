#include "availability.hpp"

#include <algorithm>

#include "weekday.hpp"

namespace booking {
namespace {

constexpr int kDayMinutes = 24 * 60;

using Ranges = std::vector<MinuteRange>;

void subtract(Ranges& ranges, const MinuteRange& hole) {
  Ranges left;
  for (const auto& range : ranges) {
    const MinuteRange before{range.begin_min, std::min(range.end_min, hole.begin_min)};
    const MinuteRange after{std::max(range.begin_min, hole.end_min), range.end_min};
    if (before.begin_min < before.end_min) left.push_back(before);
    if (after.begin_min < after.end_min) left.push_back(after);
  }
  ranges = std::move(left);
}

/// One date's exceptions, read in the order that makes Closed win.
class Day {
 public:
  explicit Day(Ranges regular) : open_{std::move(regular)} {}

  void apply(const DayException* begin, const DayException* end) {
    const auto each = [&](ExceptionKind kind, const auto& act) {
      std::for_each(begin, end, [&](const DayException& one) {
        if (one.kind == kind) act(one);
      });
    };
    each(ExceptionKind::Replace, [&](const DayException&) { open_.clear(); });
    each(ExceptionKind::Replace, [&](const DayException& one) { add(one.hours); });
    each(ExceptionKind::Open, [&](const DayException& one) { add(one.hours); });
    each(ExceptionKind::Closed, [&](const DayException& one) { close(one.hours); });
  }
  const Ranges& open() const { return open_; }

 private:
  void add(const Ranges& hours) { open_.insert(open_.end(), hours.begin(), hours.end()); }
  void close(const Ranges& hours) {
    if (hours.empty()) subtract(open_, {0, kDayMinutes});
    for (const auto& hole : hours) subtract(open_, hole);
  }

  Ranges open_;
};

}  // namespace

bool AvailabilityRule::appliesOn(const cctz::civil_day& date, const Zone& zone) const {
  if ((valid_from && date < *valid_from) || (valid_to && *valid_to < date)) return false;
  if (recurrence) return recurrence->occursOn(date, hours.begin_min, zone);
  return ((weekdays >> weekdayOf(date)) & 1U) != 0;
}

std::vector<Interval> Availability::windowsOn(const cctz::civil_day& date) const {
  Ranges regular;
  for (const auto& rule : rules) {
    if (rule.appliesOn(date, zone)) regular.push_back(rule.hours);
  }
  Day day{std::move(regular)};
  struct ByDate {
    bool operator()(const DayException& a, const cctz::civil_day& b) const { return a.date < b; }
    bool operator()(const cctz::civil_day& a, const DayException& b) const { return a < b.date; }
  };
  const auto [begin, end] = std::equal_range(exceptions.begin(), exceptions.end(), date, ByDate{});
  day.apply(exceptions.data() + (begin - exceptions.begin()),
            exceptions.data() + (end - exceptions.begin()));

  const cctz::civil_second midnight{date};
  std::vector<Interval> windows;
  for (const auto& range : day.open()) {
    windows.push_back({zone.toInstant(midnight + range.begin_min * 60),
                       zone.toInstant(midnight + range.end_min * 60)});
  }
  return merged(std::move(windows));
}

std::vector<Interval> merged(std::vector<Interval> intervals) {
  std::erase_if(intervals, [](const Interval& one) { return one.begin >= one.end; });
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < intervals.size(); ++i) {
    if (intervals[i].begin <= intervals[kept].end) {
      intervals[kept].end = std::max(intervals[kept].end, intervals[i].end);
    } else {
      intervals[++kept] = intervals[i];
    }
  }
  if (!intervals.empty()) intervals.resize(kept + 1);
  return intervals;
}

}  // namespace booking
