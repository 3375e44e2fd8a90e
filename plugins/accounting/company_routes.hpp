#pragma once

#include <bulkhead/plugin.hpp>

namespace accounting {

/// POST /company/setup and GET /company. Lives as long as the routes.
class CompanyRoutes {
 public:
  explicit CompanyRoutes(bulkhead::Registrar& host);

 private:
  bulkhead::Response setUp(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
};

}  // namespace accounting
