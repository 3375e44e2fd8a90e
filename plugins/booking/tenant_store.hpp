#pragma once

#include <string_view>

#include <bulkhead/transaction.hpp>

#include "tenant.hpp"

namespace booking {

/// The SQL of what tenants have said of themselves.
struct TenantStore {
  /// Reads nothing; throws when the store cannot be read.
  static void touch(bulkhead::ReadTransaction& transaction);
  /// A tenant that has said nothing has version 0.
  static Tenant get(bulkhead::ReadTransaction& transaction, std::string_view tenant);
  /// Writes `said` over the version before it. Throws VERSION_CONFLICT when that is gone.
  static void put(bulkhead::Transaction& transaction, std::string_view tenant, const Tenant& said);
};

}  // namespace booking
