#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plaid {

struct Account {
  std::string id, name, mask, kind, currency;
  std::optional<std::int64_t> balance;  ///< in minor units; what is owed is negative
};

struct BankTransaction {
  std::string id, account;
  std::int64_t amount = 0;  ///< in minor units; positive: money has come in
  std::string currency, date, description, counterparty, replaces;
  bool pending = false;
};

/// What has changed since a cursor, oldest first.
struct FeedPage {
  std::vector<BankTransaction> added, modified;
  std::vector<std::string> removed;
  std::string cursor;
  bool more = false;
};

/// A decimal number as JSON has it ("12.34", "-5", "1e2") in minor units of the currency (ISO
/// 4217), exactly; digits beyond those are rounded half away from zero. Nothing for what is no
/// number or out of range.
std::optional<std::int64_t> minorUnits(std::string_view decimal, std::string_view currency);

/// Reads Plaid's answers. What has no ISO 4217 currency (Plaid's "unofficial" ones) is left out,
/// and counted in `left_out`.
std::vector<Account> readAccounts(const nlohmann::json& answer, int& left_out);
FeedPage readPage(const nlohmann::json& answer, int& left_out);

/// Answers of bank-feed/1.
std::string toJson(const std::vector<Account>& accounts);
std::string toJson(const FeedPage& page);

}  // namespace plaid
