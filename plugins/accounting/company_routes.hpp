#pragma once

#include <bulkhead/plugin.hpp>

#include "payment_postings.hpp"

namespace accounting {

/// POST /company/setup and GET /company. Lives as long as the routes.
class CompanyRoutes {
 public:
  CompanyRoutes(bulkhead::Registrar& host, const PaymentPostings& payments);

 private:
  bulkhead::Response setUp(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  const PaymentPostings& payments_;
};

}  // namespace accounting
