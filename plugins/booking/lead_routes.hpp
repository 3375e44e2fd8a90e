#pragma once

#include <nlohmann/json_fwd.hpp>

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"
#include "lead.hpp"

namespace booking {

/// JSON Schema members of a lead that a client writes.
std::string_view leadProperties();

/// The lead that the body names by phone or e-mail address, changed as the body says, or a new one.
/// Throws VALIDATION_ERROR, INVALID_TIME_ZONE, DUPLICATE.
struct UpsertedLead {
  Lead lead;
  bool is_new = false;
};
UpsertedLead upsertLead(bulkhead::Transaction& write, const Caller& caller,
                        const nlohmann::json& body, const bulkhead::Host& host);

/// Lives as long as the routes.
class LeadRoutes {
 public:
  explicit LeadRoutes(bulkhead::Registrar& host);

 private:
  bulkhead::Response upsert(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response list(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response show(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response patch(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
};

/// Who calls, and when.
Caller callerOf(const bulkhead::Request& request, const bulkhead::Host& host);

}  // namespace booking
