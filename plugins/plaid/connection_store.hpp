#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

namespace plaid {

/// A connection with a bank: Plaid's Item, whose id it has.
struct Connection {
  std::string id;
  std::string tenant;
  std::string token;  ///< as the store has it, sealed or not; never shown
  std::string state = "active";
  std::string reason{};  ///< why it is not active
  std::int64_t created_us = 0;
  std::int64_t news_s = 0;  ///< when what is known of its state happened
};

/// Keeps a new one, or the new token of one that the tenant has, which is active from now on: what
/// is older than that, by more than clocks differ, says nothing of it any more. Throws
/// bulkhead::Error (409 CONNECTION_TAKEN) when it is another tenant's.
void keepConnection(bulkhead::Transaction& transaction, const Connection& connection);

/// The tenant's connection; nothing for another tenant's.
std::optional<Connection> findConnection(bulkhead::ReadTransaction& snapshot,
                                         std::string_view tenant, std::string_view id);
/// Whosever it is.
std::optional<Connection> findConnectionOfAny(bulkhead::ReadTransaction& snapshot,
                                              std::string_view id);
std::vector<Connection> listConnections(bulkhead::ReadTransaction& snapshot,
                                        std::string_view tenant, std::int64_t limit);

/// Keeps state, reason and news_s.
void storeState(bulkhead::Transaction& transaction, const Connection& connection);

void removeConnection(bulkhead::Transaction& transaction, std::string_view tenant,
                      std::string_view id);

}  // namespace plaid
