#pragma once

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"
#include "signatures.hpp"

namespace booking {

/// POST /tz-rebase: finds, and with dry_run false mends, future appointments that a change of zone
/// data has moved. Lives as long as the routes.
class ZoneRebaseRoutes {
 public:
  ZoneRebaseRoutes(bulkhead::Registrar& host, const SlotFinder& finder, AppointmentDesk& desk,
                   Signatures& signatures);

 private:
  bulkhead::Response rebase(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  const SlotFinder& finder_;
  AppointmentDesk& desk_;
  Signatures& signatures_;
};

}  // namespace booking
