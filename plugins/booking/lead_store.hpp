#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "lead.hpp"
#include "list_order.hpp"

namespace booking {

/// The SQL of leads. Every call is one tenant's.
struct LeadStore {
  struct Filter {
    std::optional<std::string_view> phone;
    std::optional<std::string_view> email;
    std::optional<std::string_view> status;
    std::optional<std::string_view> source;
    Instant updated_since{};
  };

  static std::optional<Lead> find(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                  std::string_view id);
  static std::optional<Lead> findByPhone(bulkhead::ReadTransaction& transaction,
                                         std::string_view tenant, std::string_view phone);
  static std::optional<Lead> findByEmail(bulkhead::ReadTransaction& transaction,
                                         std::string_view tenant, std::string_view email);
  static std::vector<Lead> list(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                const Filter& filter, const ListOrder& order);
  static void insert(bulkhead::Transaction& transaction, std::string_view tenant, const Lead& lead);
  /// Writes `lead` over the version before it. Throws VERSION_CONFLICT when that is gone.
  static void update(bulkhead::Transaction& transaction, std::string_view tenant, const Lead& lead);
  /// Inserts, updates or leaves alone, as the change says.
  static void write(bulkhead::Transaction& transaction, std::string_view tenant,
                    const LeadChange& change);
  /// Whether an appointment is for the lead.
  static bool isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                           std::string_view id);
  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view id);
};

}  // namespace booking
