#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace accounting {

/// One account's posted lines up to a day, summed; debit is positive.
struct AccountTotal {
  std::string id;
  std::string code;
  std::string name;
  std::string type;
  std::int64_t balance = 0;

  std::int64_t debit() const { return balance > 0 ? balance : 0; }
  std::int64_t credit() const { return balance < 0 ? -balance : 0; }
};

/// What the accounts come to on a day. Debits and credits are equal.
struct TrialBalance {
  std::vector<AccountTotal> accounts;
  std::int64_t debit = 0;
  std::int64_t credit = 0;
};

/// Throws AMOUNT_OVERFLOW.
TrialBalance trialBalanceOf(std::vector<AccountTotal> accounts);

}  // namespace accounting
