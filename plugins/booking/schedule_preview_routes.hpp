#pragma once

#include <bulkhead/plugin.hpp>

namespace booking {

/// POST /schedules/{id}/preview: what a schedule, or a draft of it, comes to day by day. Lives as
/// long as the routes.
class SchedulePreviewRoutes {
 public:
  explicit SchedulePreviewRoutes(bulkhead::Registrar& host);

 private:
  static bulkhead::Response preview(const bulkhead::Request& request,
                                    bulkhead::ReadTransaction& read);
};

}  // namespace booking
