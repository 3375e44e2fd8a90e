#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

namespace booking {

/// The SQL of the one secret that every replica on this store signs with.
struct SigningKeyStore {
  static std::optional<std::string> find(bulkhead::ReadTransaction& transaction);
  /// Keeps `key` unless there is one.
  static void keep(bulkhead::Transaction& transaction, std::string_view key);
};

}  // namespace booking
