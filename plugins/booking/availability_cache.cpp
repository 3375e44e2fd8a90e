#include "availability_cache.hpp"

#include <algorithm>

namespace booking {
namespace {

/// Two years: more than one search can touch, and a bound on one schedule's memory.
constexpr std::size_t kDaysKeptMax = 732;

}  // namespace

std::vector<Interval> ExpandedAvailability::windows(const cctz::civil_day& first,
                                                    const cctz::civil_day& last) const {
  std::vector<Interval> found;
  {
    const std::shared_lock lock{mutex_};
    if (collect(first, last, found)) return found;
  }
  Days missing;
  for (cctz::civil_day day = first; day <= last; ++day) {
    missing.emplace_hint(missing.end(), day, availability_.windowsOn(day));
  }
  const std::unique_lock lock{mutex_};
  if (days_.size() + missing.size() > kDaysKeptMax) days_.clear();
  days_.merge(missing);
  found.clear();
  collect(first, last, found);
  return found;
}

bool ExpandedAvailability::collect(const cctz::civil_day& first, const cctz::civil_day& last,
                                   std::vector<Interval>& windows) const {
  auto day = days_.lower_bound(first);
  for (cctz::civil_day wanted = first; wanted <= last; ++wanted, ++day) {
    if (day == days_.end() || day->first != wanted) return false;
    windows.insert(windows.end(), day->second.begin(), day->second.end());
  }
  // A zone that left a whole day out maps two dates to the same instants.
  const auto ends_later = [](const Interval& a, const Interval& b) { return a.end > b.begin; };
  if (std::adjacent_find(windows.begin(), windows.end(), ends_later) != windows.end()) {
    windows = merged(std::move(windows));
  }
  return true;
}

std::vector<Interval> ExpandedAvailability::windowsAround(const Interval& range) const {
  return windows(cctz::civil_day{zone().toLocal(range.begin).wall} - 1,
                 cctz::civil_day{zone().toLocal(range.end).wall} + 1);
}

std::shared_ptr<const ExpandedAvailability> AvailabilityCache::find(std::string_view revision) {
  const std::lock_guard lock{mutex_};
  const auto found = by_revision_.find(revision);
  if (found == by_revision_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->second;
}

std::shared_ptr<const ExpandedAvailability> AvailabilityCache::put(
    std::string_view revision, std::shared_ptr<const ExpandedAvailability> made) {
  const std::lock_guard lock{mutex_};
  if (const auto found = by_revision_.find(revision); found != by_revision_.end()) {
    return found->second->second;
  }
  by_use_.emplace_front(revision, std::move(made));
  by_revision_.emplace(by_use_.front().first, by_use_.begin());
  if (by_use_.size() > capacity_) {
    by_revision_.erase(by_use_.back().first);
    by_use_.pop_back();
  }
  return by_use_.front().second;
}

}  // namespace booking
