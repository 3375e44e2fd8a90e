#pragma once

#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "trial_balance.hpp"

namespace accounting {

struct TrialBalanceStore {
  /// Of the accounts that have posted lines, by code.
  static std::vector<AccountTotal> totals(bulkhead::ReadTransaction& read, std::string_view tenant,
                                          std::string_view as_of);
};

}  // namespace accounting
