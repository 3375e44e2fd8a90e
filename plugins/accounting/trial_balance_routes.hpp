#pragma once

#include <bulkhead/plugin.hpp>

namespace accounting {

/// GET /reports/trial-balance. Lives as long as the route.
class TrialBalanceRoutes {
 public:
  explicit TrialBalanceRoutes(bulkhead::Registrar& host);

 private:
  bulkhead::Response show(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;

  const bulkhead::Host host_;
};

}  // namespace accounting
