#include <memory>

#include <bulkhead/plugin.hpp>

#include "appointment_desk.hpp"
#include "appointment_routes.hpp"
#include "booking_order.hpp"
#include "bulk_routes.hpp"
#include "catalogue_kinds.hpp"
#include "catalogue_routes.hpp"
#include "hold_routes.hpp"
#include "import_routes.hpp"
#include "lead_routes.hpp"
#include "outgoing.hpp"
#include "schedule_preview_routes.hpp"
#include "schedule_routes.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "signatures.hpp"
#include "slot_finder.hpp"
#include "slot_routes.hpp"
#include "tenant_routes.hpp"
#include "tenant_store.hpp"
#include "upkeep.hpp"
#include "zone.hpp"
#include "zone_rebase_routes.hpp"

namespace booking {

/// Appointments of a business: what can be booked, when it is free, who booked it.
class BookingPlugin final : public bulkhead::Plugin {
 public:
  explicit BookingPlugin(bulkhead::Registrar& host)
      : BookingPlugin{host, host.settings<Settings>()} {}

  /// A store that is away now gets its key from the health contributor.
  void start() override {
    try {
      signatures_.prepare(host_);
    } catch (const bulkhead::Error& error) {
      if (error.code() != "DATABASE_UNAVAILABLE") throw;
    }
  }

 private:
  BookingPlugin(bulkhead::Registrar& host, const Settings& settings)
      : host_{host.host()},
        signatures_{settings.signing_secret},
        finder_{defaultsOf(settings)},
        outgoing_{host, textsOf(settings), settings.notices},
        desk_{finder_, &outgoing_},
        orders_{host_, desk_, signatures_},
        tenant_{host, finder_},
        locations_{host, signatures_},
        services_{host, signatures_},
        resources_{host, signatures_},
        schedules_{host, signatures_},
        blocked_periods_{host, signatures_},
        time_off_{host, signatures_},
        schedule_parts_{host},
        previews_{host},
        leads_{host, signatures_},
        imports_{host},
        slots_{host, finder_, signatures_},
        holds_{host, desk_, orders_},
        bulk_{host, orders_},
        appointments_{host, desk_, orders_, signatures_},
        rebases_{host, finder_, desk_, signatures_},
        upkeep_{host, finder_, desk_, {settings.no_show_after_min}} {
    host.health("tzdata", [](const bulkhead::Context&) { return zoneHealth(); });
    host.health("store", [this](const bulkhead::Context& context) { return storeHealth(context); });
  }

  static BookingRules defaultsOf(const Settings& settings) {
    BookingRules rules;
    rules.notice_min = static_cast<int>(settings.default_notice_min);
    rules.horizon_days = static_cast<int>(settings.horizon_days);
    rules.cancel_window_min = static_cast<int>(settings.cancel_window_min);
    rules.no_show_grace_min = static_cast<int>(settings.no_show_grace_min);
    rules.hold_min = static_cast<int>(settings.hold_min);
    return rules;
  }

  static NoticeTexts textsOf(const Settings& settings) {
    return {settings.text_confirmed, settings.text_moved, settings.text_cancelled,
            settings.text_no_show};
  }

  /// The version of the zone data decides what a wall time means; without data nothing can be
  /// booked.
  static bulkhead::Health zoneHealth() {
    if (tzdataVersion() == "unknown") {
      return {bulkhead::HealthStatus::Degraded,
              "The version of the time zone data is not known; install the system's tzdata."};
    }
    return {bulkhead::HealthStatus::Healthy, "tzdata " + tzdataVersion()};
  }

  bulkhead::Health storeHealth(const bulkhead::Context& context) {
    signatures_.prepare(host_);
    host_.read(context, TenantStore::touch);
    return {};
  }

  const bulkhead::Host host_;
  Signatures signatures_;
  SlotFinder finder_;
  const Outgoing outgoing_;
  AppointmentDesk desk_;
  const BookingOrders orders_;
  const TenantRoutes tenant_;
  const CatalogueRoutes<LocationKind> locations_;
  const CatalogueRoutes<ServiceKind> services_;
  const CatalogueRoutes<ResourceKind> resources_;
  const CatalogueRoutes<ScheduleKind> schedules_;
  const CatalogueRoutes<BlockedPeriodKind> blocked_periods_;
  const CatalogueRoutes<TimeOffKind> time_off_;
  const ScheduleRoutes schedule_parts_;
  const SchedulePreviewRoutes previews_;
  const LeadRoutes leads_;
  const ImportRoutes imports_;
  const SlotRoutes slots_;
  const HoldRoutes holds_;
  const BulkRoutes bulk_;
  const AppointmentRoutes appointments_;
  const ZoneRebaseRoutes rebases_;
  const Upkeep upkeep_;
};

}  // namespace booking

BULKHEAD_PLUGIN(booking::BookingPlugin)
