#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "availability.hpp"

namespace booking {

/// One state of a schedule with the days of it that were expanded so far. Any thread.
class ExpandedAvailability {
 public:
  explicit ExpandedAvailability(Availability availability)
      : availability_{std::move(availability)} {}

  /// The windows that begin on the local days `first`..`last`, sorted by begin.
  std::vector<Interval> windows(const cctz::civil_day& first, const cctz::civil_day& last) const;
  /// Enough windows to judge every visit that begins in `range` and lasts at most a day.
  std::vector<Interval> windowsAround(const Interval& range) const;

  const Zone& zone() const { return availability_.zone; }

 private:
  using Days = std::map<cctz::civil_day, std::vector<Interval>>;

  bool collect(const cctz::civil_day& first, const cctz::civil_day& last,
               std::vector<Interval>& windows) const;

  const Availability availability_;
  mutable std::shared_mutex mutex_;
  mutable Days days_;
};

/// The availabilities used last, by the schedule's revision: a fresh id at every change, so an
/// entry is never stale, and unique over tenants. The zone data is fixed for the process. Any
/// thread.
class AvailabilityCache {
 public:
  explicit AvailabilityCache(std::size_t capacity) : capacity_{capacity} {}

  /// The entry of `revision`, made by `load()` (an Availability) when there is none.
  template <class Load>
  std::shared_ptr<const ExpandedAvailability> get(std::string_view revision, const Load& load) {
    if (auto found = find(revision)) return found;
    return put(revision, std::make_shared<const ExpandedAvailability>(load()));
  }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const ExpandedAvailability>>;

  std::shared_ptr<const ExpandedAvailability> find(std::string_view revision);
  std::shared_ptr<const ExpandedAvailability> put(std::string_view revision,
                                                  std::shared_ptr<const ExpandedAvailability> made);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> by_use_;  ///< most recently used first
  std::map<std::string_view, std::list<Entry>::iterator> by_revision_;
};

}  // namespace booking
