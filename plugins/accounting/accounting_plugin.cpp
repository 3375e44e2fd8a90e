#include <bulkhead/plugin.hpp>

#include "account_routes.hpp"
#include "account_store.hpp"
#include "company_routes.hpp"
#include "journal.hpp"
#include "journal_routes.hpp"
#include "payment_postings.hpp"
#include "trial_balance_routes.hpp"
#include "waiting_payment_routes.hpp"

namespace accounting {

/// The books of each tenant: accounts, entries that balance and stay, and what they come to.
class AccountingPlugin final : public bulkhead::Plugin {
 public:
  explicit AccountingPlugin(bulkhead::Registrar& host)
      : host_{host.host()},
        journal_{host_},
        payments_{host, journal_},
        company_{host, payments_},
        accounts_{host, payments_},
        entries_{host, journal_},
        trial_balance_{host},
        waiting_payments_{host, payments_} {
    host.health("store", [this](const bulkhead::Context& context) {
      host_.read(context, AccountStore::touch);
      return bulkhead::Health{};
    });
  }

 private:
  const bulkhead::Host host_;
  const Journal journal_;
  const PaymentPostings payments_;
  const CompanyRoutes company_;
  const AccountRoutes accounts_;
  const JournalRoutes entries_;
  const TrialBalanceRoutes trial_balance_;
  const WaitingPaymentRoutes waiting_payments_;
};

}  // namespace accounting

BULKHEAD_PLUGIN(accounting::AccountingPlugin)
