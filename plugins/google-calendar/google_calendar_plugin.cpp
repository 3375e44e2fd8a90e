#include <memory>

#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>
#include <bulkhead/required_settings.hpp>
#include <bulkhead/url.hpp>

#include "calendar_routes.hpp"
#include "channels.hpp"
#include "google_calendar_client.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace google_calendar {
namespace {

using bulkhead::Context;

std::unique_ptr<ServiceAccount> accountOf(const std::string& key_file) {
  return key_file.empty() ? nullptr : std::make_unique<ServiceAccount>(key_file);
}

GoogleCalendarClient::Options clientOptions(const Settings& settings) {
  return {std::string{bulkhead::withoutSlash(settings.base_url)}, settings.token_url,
          settings.token_audience, settings.subject};
}

}  // namespace

/// Google's calendars for this business: busy times are read, events are written once, and changes
/// come in verified.
class GoogleCalendarPlugin final : public bulkhead::Plugin {
 public:
  explicit GoogleCalendarPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        required_{"google-calendar",
                  {{"service_account", settings_.service_account}, {"tenant", settings_.tenant}}},
        client_{host.host(), accountOf(settings_.service_account), clientOptions(settings_)},
        channels_{host.host(), client_, settings_.public_base_url},
        routes_{host, required_, settings_.tenant, client_, channels_},
        webhooks_{host},
        api_{host, required_.missing(),
             [this](const Context& context) { client_.check(context); }} {}

 private:
  const Settings settings_;
  const bulkhead::RequiredSettings required_;
  const GoogleCalendarClient client_;
  const Channels channels_;
  const CalendarRoutes routes_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace google_calendar

BULKHEAD_PLUGIN(google_calendar::GoogleCalendarPlugin)
