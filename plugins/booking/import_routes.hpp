#pragma once

#include <bulkhead/plugin.hpp>

#include "batch.hpp"
#include "lead_import.hpp"

namespace booking {

/// POST /leads/import. Lives as long as the routes.
class ImportRoutes {
 public:
  explicit ImportRoutes(bulkhead::Registrar& host);

 private:
  bulkhead::Response import(const bulkhead::Request& request) const;
  BatchReport rehearse(const bulkhead::Request& request, LeadImport& work) const;

  const bulkhead::Host host_;
};

}  // namespace booking
