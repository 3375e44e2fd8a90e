#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "webhook_token.hpp"

namespace plaid {

/// A key that Plaid has said is its own, and when.
struct KnownKey {
  std::string id;
  VerificationKey key;
  std::int64_t looked_us = 0;
};

std::vector<KnownKey> listKeys(bulkhead::ReadTransaction& snapshot);
/// Keeps what Plaid says now of the key, and forgets it where that is nothing.
void keepKey(bulkhead::Transaction& transaction, std::string_view id,
             const std::optional<VerificationKey>& key, std::int64_t now_us);

}  // namespace plaid
