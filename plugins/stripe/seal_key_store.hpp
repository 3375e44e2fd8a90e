#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

namespace stripe {

/// The plugin's own key for seals, which there is at most one of.
std::optional<std::string> findSealKey(bulkhead::ReadTransaction& snapshot);
/// Keeps it; gives the one that was there first.
std::string keepSealKey(bulkhead::Transaction& transaction, std::string_view key);

}  // namespace stripe
