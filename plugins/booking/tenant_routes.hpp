#pragma once

#include <bulkhead/plugin.hpp>

#include "slot_finder.hpp"

namespace booking {

/// GET and PATCH /tenant: what a tenant says of itself, over the plugin's settings. Lives as long
/// as the routes.
class TenantRoutes {
 public:
  TenantRoutes(bulkhead::Registrar& host, const SlotFinder& finder);

 private:
  bulkhead::Response show(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response patch(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  const SlotFinder& finder_;
};

}  // namespace booking
