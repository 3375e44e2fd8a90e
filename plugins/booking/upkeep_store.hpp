#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "instant.hpp"

namespace booking {

/// The SQL of what is done for all tenants: it finds whose turn it is, and nothing more.
struct UpkeepStore {
  struct Found {
    std::string tenant;
    std::string appointment;
    std::int64_t over = 0;  ///< since when, in seconds since 1970
  };

  /// Holds that are over at `now`, the oldest first.
  static std::vector<Found> overdueHolds(bulkhead::ReadTransaction& transaction, Instant now,
                                         std::int64_t limit);
  /// Confirmed visits that ended in that time, the oldest first; those behind `after` alone.
  static std::vector<Found> unattended(bulkhead::ReadTransaction& transaction,
                                       const Interval& ended, const Found& after,
                                       std::int64_t limit);
  /// The next tenant that has appointments, by name.
  static std::optional<std::string> tenantAfter(bulkhead::ReadTransaction& transaction,
                                                std::string_view tenant);
  /// False when that version of the zone data was applied before.
  static bool beginRebase(bulkhead::Transaction& transaction, std::string_view version,
                          Instant now);
};

}  // namespace booking
