#include "visit_limits.hpp"

#include <map>

#include "availability.hpp"
#include "weekday.hpp"

namespace booking {
namespace {

cctz::civil_day localDay(Instant instant, const Zone& zone) {
  return cctz::civil_day{zone.toLocal(instant).wall};
}

Interval daysOf(const cctz::civil_day& first, int days, const Zone& zone) {
  return {zone.toInstant(cctz::civil_second{first}),
          zone.toInstant(cctz::civil_second{first + days})};
}

cctz::civil_day mondayOf(const cctz::civil_day& date) {
  return date - static_cast<int>(weekdayOf(date));
}

void addFull(const std::map<cctz::civil_day, int>& counts, std::optional<int> limit, int days,
             const Zone& zone, std::vector<Interval>& spent) {
  if (!limit) return;
  for (const auto& [first, count] : counts) {
    if (count >= *limit) spent.push_back(daysOf(first, days, zone));
  }
}

}  // namespace

std::vector<Interval> spentTime(const VisitLimits& limits, const std::vector<Instant>& visits,
                                const Zone& zone) {
  std::map<cctz::civil_day, int> by_day;
  std::map<cctz::civil_day, int> by_week;
  for (const Instant visit : visits) {
    const cctz::civil_day day = localDay(visit, zone);
    ++by_day[day];
    ++by_week[mondayOf(day)];
  }
  std::vector<Interval> spent;
  addFull(by_day, limits.per_day, 1, zone, spent);
  addFull(by_week, limits.per_week, 7, zone, spent);
  return merged(std::move(spent));
}

Interval localWeek(Instant instant, const Zone& zone) {
  return daysOf(mondayOf(localDay(instant, zone)), 7, zone);
}

}  // namespace booking
