#include "schedule_preview.hpp"

#include <array>

namespace booking {
namespace {

constexpr int kDayMinutes = 24 * 60;

int minutesOf(const Interval& interval) {
  return static_cast<int>((interval.end - interval.begin) / seconds{60});
}

/// What the local clocks at both ends show as gone by.
int wallMinutesOf(const Interval& interval, const Zone& zone) {
  return static_cast<int>((zone.toLocal(interval.end).wall - zone.toLocal(interval.begin).wall) /
                          60);
}

PreviewedWindow previewed(const Interval& window, const Zone& zone) {
  PreviewedWindow one{window, wallMinutesOf(window, zone), minutesOf(window), {}};
  if (one.elapsed_min < one.wall_min) {
    one.remarks = {ClockRemark::HourSkipped, ClockRemark::Shorter};
  } else if (one.elapsed_min > one.wall_min) {
    one.remarks = {ClockRemark::HourRepeated, ClockRemark::Longer};
  }
  return one;
}

std::vector<ClockRemark> remarksOfDay(const cctz::civil_day& date, const Zone& zone) {
  const Interval day{zone.toInstant(cctz::civil_second{date}),
                     zone.toInstant(cctz::civil_second{date + 1})};
  if (minutesOf(day) < kDayMinutes) return {ClockRemark::HourSkipped};
  if (minutesOf(day) > kDayMinutes) return {ClockRemark::HourRepeated};
  return {};
}

}  // namespace

std::string_view nameOf(ClockRemark remark) {
  constexpr std::array<std::string_view, 4> kNames{"HOUR_SKIPPED", "HOUR_REPEATED", "SHORTER",
                                                   "LONGER"};
  return kNames.at(static_cast<std::size_t>(remark));
}

std::vector<PreviewedDay> preview(const Availability& availability, const cctz::civil_day& first,
                                  const cctz::civil_day& last) {
  std::vector<PreviewedDay> days;
  for (cctz::civil_day date = first; date <= last; ++date) {
    PreviewedDay day{date, {}, remarksOfDay(date, availability.zone)};
    for (const auto& window : availability.windowsOn(date)) {
      day.windows.push_back(previewed(window, availability.zone));
    }
    days.push_back(std::move(day));
  }
  return days;
}

}  // namespace booking
