#include <bulkhead/plugin.hpp>

#include "account_routes.hpp"
#include "company_routes.hpp"
#include "journal.hpp"
#include "journal_routes.hpp"
#include "payment_postings.hpp"
#include "trial_balance.hpp"

namespace accounting {

/// The books of each tenant: accounts, entries that balance and stay, and what they come to.
class AccountingPlugin final : public bulkhead::Plugin {
 public:
  explicit AccountingPlugin(bulkhead::Registrar& host)
      : host_{host.host()},
        journal_{host_},
        company_{host},
        accounts_{host},
        entries_{host, journal_},
        trial_balance_{host},
        payments_{host, journal_} {
    host.health("store", [this](const bulkhead::Context& context) { return storeHealth(context); });
  }

 private:
  bulkhead::Health storeHealth(const bulkhead::Context& context) const {
    host_.read(context, [](bulkhead::ReadTransaction& read) {
      read.first("select 1", bulkhead::values(),
                 [](const bulkhead::Row& row) { return row.integer(0); });
    });
    return {};
  }

  const bulkhead::Host host_;
  const Journal journal_;
  const CompanyRoutes company_;
  const AccountRoutes accounts_;
  const JournalRoutes entries_;
  const TrialBalanceRoute trial_balance_;
  const PaymentPostings payments_;
};

}  // namespace accounting

BULKHEAD_PLUGIN(accounting::AccountingPlugin)
