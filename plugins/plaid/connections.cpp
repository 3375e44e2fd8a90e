#include "connections.hpp"

#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/provider_error.hpp>

namespace plaid {

using bulkhead::Error;
using bulkhead::textIn;

LinkToken Connections::begin(const Caller& caller, LinkOrder order,
                             std::string_view connection) const {
  order.access_token = connection.empty() ? std::string{} : tokenOf(caller, connection);
  order.user = std::string{caller.tenant} + ":" + order.user;
  const auto answer = client_.createLinkToken(caller.context, order);
  LinkToken token{textIn(answer, "link_token"), textIn(answer, "expiration")};
  if (token.token.empty() || token.expires_at.empty())
    throw bulkhead::provider::answerInvalid("Plaid");
  return token;
}

Connection Connections::exchange(const Caller& caller, std::string_view public_token) const {
  const auto answer = client_.exchange(caller.context, public_token);
  Connection connection;
  connection.id = textIn(answer, "item_id");
  connection.tenant = caller.tenant;
  connection.created_us = host_.now().time_since_epoch().count();
  const std::string token = textIn(answer, "access_token");
  if (connection.id.empty() || token.empty()) throw bulkhead::provider::answerInvalid("Plaid");
  connection.token = tokens_.seal(token, caller.tenant);
  return connection;
}

void Connections::keep(const Caller& caller, const Connection& connection) const {
  host_.write(caller.context,
              [&](bulkhead::Transaction& transaction) { keepConnection(transaction, connection); });
}

std::vector<Account> Connections::accounts(const Caller& caller, std::string_view connection,
                                           bool with_balances) const {
  const auto answer = client_.accounts(caller.context, tokenOf(caller, connection), with_balances);
  int left_out = 0;
  auto accounts = readAccounts(answer, left_out);
  tellLeftOut(left_out, "accounts");
  if (!with_balances) {
    for (Account& account : accounts) account.balance.reset();  // as old as Plaid's last look
  }
  return accounts;
}

FeedPage Connections::transactions(const Caller& caller, std::string_view connection,
                                   std::string_view cursor, std::int64_t limit) const {
  const auto answer = client_.sync(caller.context, tokenOf(caller, connection), cursor, limit);
  int left_out = 0;
  FeedPage page = readPage(answer, left_out);
  if (page.cursor.empty()) {
    throw Error::conflict("NOT_READY", "The bank's transactions are not there yet.")
        .withRetryAfter(30);
  }
  tellLeftOut(left_out, "transactions");
  return page;
}

void Connections::remove(const Caller& caller, std::string_view connection) const {
  const std::string token = tokenOf(caller, connection);
  try {
    client_.removeItem(caller.context, token);
  } catch (const Error& error) {
    // Plaid does not know it any more: an earlier attempt has removed it.
    if (error.code() != "CONNECTION_NOT_FOUND") throw;
  }
  host_.write(caller.context, [&](bulkhead::Transaction& transaction) {
    removeConnection(transaction, caller.tenant, connection);
  });
}

Connection Connections::require(const Caller& caller, std::string_view id) const {
  auto connection = host_.read(caller.context, [&](bulkhead::ReadTransaction& snapshot) {
    return findConnection(snapshot, caller.tenant, id);
  });
  if (!connection) throw Error::notFound("CONNECTION_NOT_FOUND", "There is no such connection.");
  return *std::move(connection);
}

std::string Connections::tokenOf(const Caller& caller, std::string_view id) const {
  return tokens_.open(require(caller, id).token, caller.tenant);
}

void Connections::tellLeftOut(int left_out, std::string_view what) const {
  if (left_out > 0)
    host_.warn("Left out what has no ISO 4217 currency or no id", "what", what, "count", left_out);
}

}  // namespace plaid
