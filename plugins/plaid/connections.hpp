#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/host.hpp>

#include "bank_feed.hpp"
#include "connection_store.hpp"
#include "plaid_client.hpp"
#include "token_box.hpp"

namespace plaid {

/// What a bank's customer goes on with.
struct LinkToken {
  std::string token;
  std::string expires_at;  ///< RFC 3339
};

/// Connections with banks, and what is read through them. Refuses as PlaidClient does, and another
/// tenant's connection is CONNECTION_NOT_FOUND. Thread-safe; never in a transaction.
class Connections {
 public:
  /// Who asks: the tenant, and for how long.
  struct Caller {
    const bulkhead::Context& context;
    std::string_view tenant;
  };

  Connections(const bulkhead::Host& host, const PlaidClient& client, const TokenBox& tokens)
      : host_{host}, client_{client}, tokens_{tokens} {}

  /// `connection` is one that has to be renewed; empty for a new one. `order.access_token` is not
  /// looked at.
  LinkToken begin(const Caller& caller, LinkOrder order, std::string_view connection) const;
  /// What the bank's customer came back with becomes a connection, which is not kept yet.
  Connection exchange(const Caller& caller, std::string_view public_token) const;
  void keep(const Caller& caller, const Connection& connection) const;
  std::vector<Account> accounts(const Caller& caller, std::string_view connection,
                                bool with_balances) const;
  /// One page. Throws NOT_READY while the bank has not been read for the first time.
  FeedPage transactions(const Caller& caller, std::string_view connection, std::string_view cursor,
                        std::int64_t limit) const;
  void remove(const Caller& caller, std::string_view connection) const;

 private:
  Connection require(const Caller& caller, std::string_view id) const;
  std::string tokenOf(const Caller& caller, std::string_view id) const;
  void tellLeftOut(int left_out, std::string_view what) const;

  const bulkhead::Host host_;
  const PlaidClient& client_;
  const TokenBox& tokens_;
};

}  // namespace plaid
