#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "availability.hpp"
#include "service.hpp"
#include "tenant.hpp"

namespace booking {

/// A resource that can do a service, with what finding its free time needs.
struct Candidate {
  std::string resource;
  std::optional<std::string> location;
  std::string schedule;   ///< the service's own, else the resource's
  std::string revision;   ///< of the schedule
  std::string time_zone;  ///< what its visits are shown in
};

/// A service and its candidates, the one to prefer first.
struct Offer {
  Service service;
  std::vector<Candidate> candidates;
  BookingRules rules = {};  ///< the tenant's

  bool requiresConfirmation() const {
    return service.requires_confirmation || rules.requires_confirmation;
  }
};

/// The SQL of finding free time: few statements, each one index range.
struct SlotStore {
  struct Choice {
    std::string_view service;
    std::optional<std::string_view> resource;
    std::optional<std::string_view> location;
  };

  /// Nothing when the tenant has no such service. The rules are left as they are.
  static std::optional<Offer> offer(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                    const Choice& choice);
  static Availability availability(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                   std::string_view schedule);

  /// Over which time, as of when: a hold that is over does not count, nor does the appointment
  /// `except` (empty for none).
  struct BusyQuery {
    Interval range;
    Instant now;
    std::string_view except = {};
  };
  /// The live blocks that overlap `range`, of each candidate of the offer and by begin.
  static std::vector<std::vector<Interval>> busy(bulkhead::ReadTransaction& transaction,
                                                 std::string_view tenant, const Offer& offer,
                                                 const BusyQuery& query);

  /// A closure as it is stored; without a resource it is the whole business's.
  struct StoredClosure {
    std::string resource;
    std::string starts;
    std::string ends;
  };
  /// What is closed on any of the dates, in any zone, for the business and the offer's resources.
  static std::vector<StoredClosure> closures(bulkhead::ReadTransaction& transaction,
                                             std::string_view tenant, const Offer& offer,
                                             const cctz::civil_day& first,
                                             const cctz::civil_day& last);

  /// A visit that counts towards the limits: one that is, or was, to take place.
  struct CountedVisit {
    std::string resource;
    Instant start;
    bool is_leads = false;
  };
  /// The service's visits that start in the query's range; `lead` (empty for none) marks its own.
  static std::vector<CountedVisit> visits(bulkhead::ReadTransaction& transaction,
                                          std::string_view tenant, std::string_view service,
                                          std::string_view lead, const BusyQuery& query);
};

}  // namespace booking
