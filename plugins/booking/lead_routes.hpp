#pragma once

#include <bulkhead/plugin.hpp>

#include "lead.hpp"
#include "signatures.hpp"

namespace booking {

/// Leads: people who may become customers. Lives as long as the routes.
class LeadRoutes {
 public:
  LeadRoutes(bulkhead::Registrar& host, Signatures& signatures);

 private:
  bulkhead::Response upsert(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response list(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response show(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response put(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response patch(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response replace(bulkhead::Transaction& write, const bulkhead::Request& request,
                             const Lead& before, Lead lead) const;
  bulkhead::Response remove(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  Signatures& signatures_;
};

}  // namespace booking
