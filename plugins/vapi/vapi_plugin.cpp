#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>
#include <bulkhead/required_settings.hpp>
#include <bulkhead/url.hpp>

#include "call_desk.hpp"
#include "call_routes.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace vapi {
namespace {

using bulkhead::Context;

VapiClient::Account accountOf(const Settings& settings) {
  return {std::string{bulkhead::withoutSlash(settings.base_url)}, settings.api_key,
          settings.phone_number, settings.request_timeout};
}

WebhookGuard guardOf(const Settings& settings) {
  std::vector<std::string> secrets;
  for (const auto& secret : {settings.webhook_secret, settings.webhook_secret_previous}) {
    if (!secret.empty()) secrets.push_back(secret);
  }
  return {settings.webhook_authentication == "standard-webhooks", std::move(secrets)};
}

}  // namespace

/// Vapi's door into this business: calls are placed once, and their news come in verified.
class VapiPlugin final : public bulkhead::Plugin {
 public:
  explicit VapiPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        required_{"vapi",
                  {{"api_key", settings_.api_key}, {"phone_number", settings_.phone_number}}},
        client_{host.host(), accountOf(settings_)},
        desk_{host.host(),
              client_,
              host.events("voice/1"),
              {settings_.assistant, settings_.tenant, settings_.request_timeout,
               settings_.settle_time}},
        webhooks_{host, guardOf(settings_), !settings_.webhook_secret.empty(), desk_},
        api_{host, required_.missing(),
             [this](const Context& context) { client_.check(context); }} {
    addCallRoutes(host, desk_, required_);
  }

 private:
  const Settings settings_;
  const bulkhead::RequiredSettings required_;
  const VapiClient client_;
  const CallDesk desk_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace vapi

BULKHEAD_PLUGIN(vapi::VapiPlugin)
