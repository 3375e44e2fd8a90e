#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "availability_cache.hpp"
#include "slot.hpp"
#include "slot_store.hpp"

namespace booking {

/// Free time of services: availability of their resources without what is closed, taken or spent.
/// Any thread.
class SlotFinder {
 public:
  explicit SlotFinder(BookingRules defaults) : defaults_{defaults}, cache_{kSchedulesKept} {}

  /// What holds for a tenant that has said nothing.
  const BookingRules& defaults() const { return defaults_; }
  /// The tenant's rules: the plugin's settings, and over them what the tenant has said.
  BookingRules rules(bulkhead::ReadTransaction& transaction, std::string_view tenant) const;

  /// Throws NOT_FOUND for an unknown service, or a chosen resource or location that is unknown.
  Offer offer(bulkhead::ReadTransaction& transaction, std::string_view tenant,
              const SlotStore::Choice& choice) const;

  /// The starts that notice and horizon allow as of `now`; both ends are allowed.
  struct Bookable {
    Instant earliest;
    Instant latest;
  };
  static Bookable bookable(const Offer& offer, Instant now);

  struct Search {
    SlotShape shape;
    Interval range;  ///< of starts
    std::size_t limit = 0;
    Instant now;
    std::string_view except = {};  ///< an appointment that does not count
    std::string_view lead = {};    ///< whose limits count too
  };
  /// The free starts within the search's range that can be booked as of its `now`; their resources
  /// are indices of the offer's candidates.
  std::vector<Slot> find(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                         const Offer& offer, const Search& search);

  /// What decides over each candidate's starts within the search's range.
  std::vector<Calendar> calendars(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                  const Offer& offer, const Search& search);

  /// Why each candidate cannot be booked at the start of the search's range; None where it can.
  /// Notice and horizon are not asked.
  std::vector<Refusal> judge(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                             const Offer& offer, Search search);

 private:
  static constexpr std::size_t kSchedulesKept = 1024;

  std::shared_ptr<const ExpandedAvailability> expanded(bulkhead::ReadTransaction& transaction,
                                                       std::string_view tenant,
                                                       const Candidate& candidate);
  static void addClosures(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                          const Offer& offer, const Interval& range,
                          std::vector<Calendar>& calendars);
  static void addSpent(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                       const Offer& offer, const Search& search, std::vector<Calendar>& calendars);

  const BookingRules defaults_;
  AvailabilityCache cache_;
};

/// The one reason why a start cannot be booked: None when any candidate can, else that of the
/// candidate that comes furthest.
Refusal furthest(const std::vector<Refusal>& of_candidates);

}  // namespace booking
