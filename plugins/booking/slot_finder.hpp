#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "availability_cache.hpp"
#include "slot.hpp"
#include "slot_store.hpp"

namespace booking {

/// What the plugin's settings say where a service says nothing.
struct BookingDefaults {
  int notice_min = 60;
  int horizon_days = 90;
};

/// Free time of services: availability of their resources without what is taken. Any thread.
class SlotFinder {
 public:
  explicit SlotFinder(BookingDefaults defaults) : defaults_{defaults}, cache_{kSchedulesKept} {}

  /// Throws NOT_FOUND for an unknown service, or a chosen resource or location that is unknown.
  Offer offer(bulkhead::ReadTransaction& transaction, std::string_view tenant,
              const SlotStore::Choice& choice) const;

  /// The starts that notice and horizon allow as of `now`; both ends are allowed.
  struct Bookable {
    Instant earliest;
    Instant latest;
  };
  Bookable bookable(const Service& service, Instant now) const;

  struct Search {
    SlotShape shape;
    Interval range;  ///< of starts
    std::size_t limit = 0;
    Instant now;
    std::string_view except = {};  ///< an appointment whose own block does not count
  };
  /// The free starts within the search's range that can be booked as of its `now`; their resources
  /// are indices of the offer's candidates.
  std::vector<Slot> find(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                         const Offer& offer, const Search& search);

  /// Whether the candidate's schedule is open for the whole visit.
  bool isOpen(bulkhead::ReadTransaction& transaction, std::string_view tenant,
              const Candidate& candidate, const Interval& visit);

 private:
  static constexpr std::size_t kSchedulesKept = 1024;

  std::shared_ptr<const ExpandedAvailability> expanded(bulkhead::ReadTransaction& transaction,
                                                       std::string_view tenant,
                                                       const Candidate& candidate);
  std::vector<Instant> startsOf(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                const Candidate& candidate, const Search& search);

  const BookingDefaults defaults_;
  AvailabilityCache cache_;
};

}  // namespace booking
