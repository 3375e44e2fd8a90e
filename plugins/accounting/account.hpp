#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

namespace accounting {

/// A tenant that keeps books.
struct Company {
  std::string country;  ///< ISO 3166-1, two letters
  std::string chart;    ///< the template that it began with
  std::string base_currency;
  std::int64_t version = 1;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

/// Where amounts are gathered. `role` tells what the plugin posts to it by itself; each role has
/// one account at most.
struct Account {
  std::string id;
  std::string code;
  std::string name;
  std::string type;  ///< asset, liability, equity, income or expense
  std::optional<std::string> role;
  bool active = true;
  std::int64_t version = 1;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  friend bool operator==(const Account&, const Account&) = default;
};

/// 404, also for what belongs to another tenant.
inline bulkhead::Error notFound(std::string_view noun, std::string_view id) {
  return bulkhead::Error::notFound(
      "NOT_FOUND", "There is no " + std::string{noun} + " \"" + std::string{id} + "\".");
}

/// 400: a cursor that no page of ours gave.
inline bulkhead::Error cursorInvalid() {
  return bulkhead::Error::validation("CURSOR_INVALID",
                                     "cursor is the next_cursor of the page before.");
}

/// 412: someone else's transaction was quicker.
inline bulkhead::Error versionConflict() {
  return bulkhead::Error::conflict("VERSION_CONFLICT",
                                   "It has changed since that version; read it again and repeat.");
}

/// 409: nothing can be posted before there is a chart of accounts.
inline bulkhead::Error companyNotSetUp(std::string_view tenant) {
  return bulkhead::Error::conflict("COMPANY_NOT_SET_UP",
                                   "Tenant \"" + std::string{tenant} +
                                       "\" has no chart of accounts; POST "
                                       "/api/accounting/v1/company/setup makes one.");
}

}  // namespace accounting
