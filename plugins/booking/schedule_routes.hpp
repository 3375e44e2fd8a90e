#pragma once

#include <bulkhead/plugin.hpp>

#include "schedule.hpp"

namespace booking {

/// Rules and exceptions of a schedule. Its version is theirs: each change makes a new one, shown as
/// ETag, and asked for as If-Match where something is replaced or taken away. Lives as long as the
/// routes.
class ScheduleRoutes {
 public:
  explicit ScheduleRoutes(bulkhead::Registrar& host);

 private:
  void registerRules(bulkhead::Registrar& host);
  void registerExceptions(bulkhead::Registrar& host);
  Schedule get(bulkhead::ReadTransaction& read, const bulkhead::Request& request) const;
  void renew(bulkhead::Transaction& write, std::string_view tenant, Schedule& schedule) const;

  bulkhead::Response addRule(const bulkhead::Request& request, bulkhead::Transaction& write) const;
  bulkhead::Response replaceRule(const bulkhead::Request& request,
                                 bulkhead::Transaction& write) const;
  bulkhead::Response removeRule(const bulkhead::Request& request,
                                bulkhead::Transaction& write) const;
  bulkhead::Response addException(const bulkhead::Request& request,
                                  bulkhead::Transaction& write) const;
  bulkhead::Response listExceptions(const bulkhead::Request& request,
                                    bulkhead::ReadTransaction& read) const;
  bulkhead::Response replaceException(const bulkhead::Request& request,
                                      bulkhead::Transaction& write) const;
  bulkhead::Response removeException(const bulkhead::Request& request,
                                     bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
};

}  // namespace booking
