#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "location.hpp"

namespace booking {

/// The SQL of locations. Every call is one tenant's.
struct LocationStore {
  static std::optional<Location> find(bulkhead::ReadTransaction& transaction,
                                      std::string_view tenant, std::string_view id);
  /// By id, behind `after`.
  static std::vector<Location> list(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                    std::string_view after, std::size_t limit);
  static void insert(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Location& noun);
  /// Writes `noun` over the version before it. Throws VERSION_CONFLICT when that is gone.
  static void update(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Location& noun);
  static bool isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                           std::string_view id);
  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view id);
};

}  // namespace booking
