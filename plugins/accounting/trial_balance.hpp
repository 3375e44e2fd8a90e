#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <bulkhead/plugin.hpp>

namespace accounting {

/// One account's posted lines up to a day, summed.
struct AccountTotal {
  std::string id;
  std::string code;
  std::string name;
  std::string type;
  std::int64_t balance = 0;
};

struct TrialBalanceStore {
  /// Of the accounts that have posted lines, by code.
  static std::vector<AccountTotal> totals(bulkhead::ReadTransaction& read, std::string_view tenant,
                                          std::string_view as_of);
};

/// GET /reports/trial-balance. Lives as long as the route.
class TrialBalanceRoute {
 public:
  explicit TrialBalanceRoute(bulkhead::Registrar& host);

 private:
  bulkhead::Response show(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;

  const bulkhead::Host host_;
};

}  // namespace accounting
