#pragma once

#include <string>
#include <string_view>

#include <bulkhead/registrar.hpp>
#include <bulkhead/required_settings.hpp>

#include "channels.hpp"
#include "google_calendar_client.hpp"

namespace google_calendar {

/// The calls of calendar/1, and the routes for busy times and channels. The one connection is of
/// one tenant: to all others there is none. Thread-safe.
class CalendarRoutes {
 public:
  /// Registers them. All but `tenant` outlive this.
  CalendarRoutes(bulkhead::Registrar& host, const bulkhead::RequiredSettings& required,
                 std::string tenant, const GoogleCalendarClient& client, const Channels& channels);
  CalendarRoutes(const CalendarRoutes&) = delete;
  CalendarRoutes& operator=(const CalendarRoutes&) = delete;

 private:
  void addRoutes(bulkhead::Registrar& host);
  void provideCalls(bulkhead::Registrar& host);
  std::string busy(const bulkhead::Request& request) const;
  void requireTenant(const bulkhead::Request& request) const;

  const bulkhead::RequiredSettings& required_;
  const std::string tenant_;
  const GoogleCalendarClient& client_;
  const Channels& channels_;
};

}  // namespace google_calendar
