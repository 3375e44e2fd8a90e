#pragma once

#include <cstdint>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "instant.hpp"

namespace booking {

/// The SQL of turns and loads. Every call is one tenant's.
struct AssignmentStore {
  /// Of the service; 0 when the resource has never had one.
  static std::int64_t lastTurn(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                               std::string_view service, std::string_view resource);
  /// Puts the resource behind all others of the service.
  static void takeTurn(bulkhead::Transaction& transaction, std::string_view tenant,
                       std::string_view service, std::string_view resource);
  /// Seconds of live blocks of the resource that begin in `day`, `except` left out.
  static std::int64_t loadSeconds(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                  std::string_view resource, const Interval& day,
                                  std::string_view except);
};

}  // namespace booking
