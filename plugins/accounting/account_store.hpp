#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "account.hpp"

namespace accounting {

/// Companies and their accounts. Every call is one tenant's.
struct AccountStore {
  /// Reads nothing; throws when the store cannot be read.
  static void touch(bulkhead::ReadTransaction& read);
  static std::optional<Company> company(bulkhead::ReadTransaction& read, std::string_view tenant);
  /// Throws COMPANY_NOT_SET_UP.
  static Company requireCompany(bulkhead::ReadTransaction& read, std::string_view tenant);
  static void insertCompany(bulkhead::Transaction& write, std::string_view tenant,
                            const Company& company);

  struct Filter {
    std::optional<std::string_view> type = {};
    std::optional<std::string_view> role = {};
    std::optional<std::string_view> active = {};  ///< true or false
    std::optional<std::int64_t> updated_since = {};
    std::string_view after = {};  ///< the code that the page before ended with
    std::size_t limit = 50;
  };
  /// By code.
  static std::vector<Account> list(bulkhead::ReadTransaction& read, std::string_view tenant,
                                   const Filter& filter);
  static std::optional<Account> find(bulkhead::ReadTransaction& read, std::string_view tenant,
                                     std::string_view id);
  static std::optional<Account> findByCode(bulkhead::ReadTransaction& read, std::string_view tenant,
                                           std::string_view code);
  static std::optional<Account> findByRole(bulkhead::ReadTransaction& read, std::string_view tenant,
                                           std::string_view role);

  static void insert(bulkhead::Transaction& write, std::string_view tenant, const Account& account);
  /// Throws VERSION_CONFLICT unless the stored version is the one before.
  static void update(bulkhead::Transaction& write, std::string_view tenant, const Account& account);
  static void erase(bulkhead::Transaction& write, std::string_view tenant, std::string_view id);
  /// Whether any line, posted or not, names the account.
  static bool isUsed(bulkhead::ReadTransaction& read, std::string_view tenant, std::string_view id);
  /// The sum of its posted lines up to the day `as_of`.
  static std::int64_t balance(bulkhead::ReadTransaction& read, std::string_view tenant,
                              std::string_view id, std::string_view as_of);
};

}  // namespace accounting
