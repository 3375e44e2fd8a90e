#include "trial_balance.hpp"

#include "amount.hpp"

namespace accounting {

TrialBalance trialBalanceOf(std::vector<AccountTotal> accounts) {
  TrialBalance balance{std::move(accounts)};
  for (const AccountTotal& total : balance.accounts) {
    balance.debit = sum(balance.debit, total.debit());
    balance.credit = sum(balance.credit, total.credit());
  }
  return balance;
}

}  // namespace accounting
