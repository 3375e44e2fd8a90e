#pragma once

#include <bulkhead/plugin.hpp>

#include "payment_postings.hpp"

namespace accounting {

/// What the books could not take of payments: shown, tried again, dismissed. Lives as long as the
/// routes.
class WaitingPaymentRoutes {
 public:
  WaitingPaymentRoutes(bulkhead::Registrar& host, const PaymentPostings& postings);

 private:
  void readingRoutes(bulkhead::Registrar& host);
  void writingRoutes(bulkhead::Registrar& host);
  bulkhead::Response retry(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const PaymentPostings& postings_;
};

}  // namespace accounting
