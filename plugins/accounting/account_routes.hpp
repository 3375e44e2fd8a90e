#pragma once

#include <bulkhead/plugin.hpp>

#include "account.hpp"
#include "payment_postings.hpp"

namespace accounting {

/// The chart of accounts. Lives as long as the routes.
class AccountRoutes {
 public:
  AccountRoutes(bulkhead::Registrar& host, const PaymentPostings& payments);

 private:
  using Request = bulkhead::Request;
  using Response = bulkhead::Response;

  void readingRoutes(bulkhead::Registrar& host);
  void writingRoutes(bulkhead::Registrar& host);
  Response list(const Request& request, bulkhead::ReadTransaction& read) const;
  Response balance(const Request& request, bulkhead::ReadTransaction& read) const;
  Response create(const Request& request, bulkhead::Transaction& write) const;
  Response patch(const Request& request, bulkhead::Transaction& write) const;
  Response remove(const Request& request, bulkhead::Transaction& write) const;
  /// Has the payments tried again that may have waited for what is new in the account.
  void retryAfter(bulkhead::Transaction& write, std::string_view tenant, const Account& before,
                  const Account& account) const;

  const bulkhead::Host host_;
  const PaymentPostings& payments_;
};

}  // namespace accounting
