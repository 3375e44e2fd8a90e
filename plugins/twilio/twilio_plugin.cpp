#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>
#include <bulkhead/required_settings.hpp>
#include <bulkhead/url.hpp>

#include "message_desk.hpp"
#include "message_routes.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "webhook_routes.hpp"

namespace twilio {
namespace {

using bulkhead::Context;
using bulkhead::withoutSlash;

Account accountOf(const Settings& settings) {
  const bool has_key = !settings.api_key_sid.empty();
  return {std::string{withoutSlash(settings.base_url)}, settings.account_sid,
          has_key ? settings.api_key_sid : settings.account_sid,
          has_key ? settings.api_key_secret : settings.auth_token, settings.request_timeout};
}

std::string statusCallback(const Settings& settings) {
  if (settings.public_base_url.empty()) return {};
  return std::string{withoutSlash(settings.public_base_url)} + "/api/twilio/v1/webhooks/status";
}

WebhookRoutes::Options webhookOptions(const Settings& settings) {
  return {settings.account_sid, settings.auth_token,
          std::string{withoutSlash(settings.public_base_url)}, settings.tenant};
}

}  // namespace

/// Twilio's door into this business: messages go out once, and their news come in verified.
class TwilioPlugin final : public bulkhead::Plugin {
 public:
  explicit TwilioPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        required_{"twilio",
                  {{"account_sid", settings_.account_sid}, {"auth_token", settings_.auth_token}}},
        client_{host.host(), accountOf(settings_)},
        desk_{host.host(),
              client_,
              host.events("messaging/1"),
              {settings_.sender, statusCallback(settings_), settings_.request_timeout,
               settings_.settle_time}},
        webhooks_{host, webhookOptions(settings_), desk_},
        api_{host, required_.missing(),
             [this](const Context& context) { client_.check(context); }} {
    if (settings_.api_key_sid.empty() != settings_.api_key_secret.empty())
      throw bulkhead::Error::configuration(
          "CONFIGURATION_ERROR", "api_key_sid and api_key_secret are set together or not at all.");
    addMessageRoutes(host, desk_, required_);
  }

 private:
  const Settings settings_;
  const bulkhead::RequiredSettings required_;
  const TwilioClient client_;
  const MessageDesk desk_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace twilio

BULKHEAD_PLUGIN(twilio::TwilioPlugin)
