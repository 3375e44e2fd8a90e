#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "availability.hpp"
#include "service.hpp"

namespace booking {

/// A resource that can do a service, with what finding its free time needs.
struct Candidate {
  std::string resource;
  std::optional<std::string> location;
  std::string schedule;
  std::string revision;   ///< of the schedule
  std::string time_zone;  ///< of the location, else of the schedule: what visits are shown in
};

/// A service and its candidates, the one to prefer first.
struct Offer {
  Service service;
  std::vector<Candidate> candidates;
};

/// The SQL of finding free time: few statements, each one index range.
struct SlotStore {
  struct Choice {
    std::string_view service;
    std::optional<std::string_view> resource;
    std::optional<std::string_view> location;
  };

  /// Nothing when the tenant has no such service.
  static std::optional<Offer> offer(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                    const Choice& choice);
  static Availability availability(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                   std::string_view schedule);

  /// Whose blocks, over which time, as of when: a hold that is over does not block, nor does the
  /// appointment `except` (empty for none).
  struct BusyQuery {
    std::string_view resource;
    Interval range;
    Instant now;
    std::string_view except = {};
  };
  /// The live blocks that overlap `range`, by begin.
  static std::vector<Interval> busy(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                    const BusyQuery& query);
};

}  // namespace booking
