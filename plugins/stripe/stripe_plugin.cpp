#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>

#include "metadata_seal.hpp"
#include "payment_desk.hpp"
#include "payment_routes.hpp"
#include "payments.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "stripe_client.hpp"
#include "webhook_routes.hpp"

namespace stripe {

/// Stripe's door into this business: payments are made once, and what it says of them is verified,
/// kept once, and told on.
class StripePlugin final : public bulkhead::Plugin {
 public:
  explicit StripePlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        seal_{host.host(), settings_.seal_key, settings_.seal_key_previous},
        client_{host.host(), settings_},
        payments_{host.host(), client_, seal_},
        desk_{host.host(), host.events("payments/1"), seal_},
        webhooks_{host, settings_, desk_},
        api_{host, client_.missing(),
             [this](const bulkhead::Context& context) { client_.check(context); }} {
    addPaymentRoutes(host, payments_);
    host.health("webhook", [this](const bulkhead::Context&) { return webhook(); });
  }

 private:
  /// Payments are taken without it, but nobody hears what becomes of them.
  bulkhead::Health webhook() const {
    if (!settings_.webhook_secret.empty()) return {};
    if (!client_.missing().empty())
      return {.message = "webhook_secret not set", .configured = false};
    return {.message = "webhook_secret not set"};
  }

  const Settings settings_;
  const MetadataSeal seal_;
  const StripeClient client_;
  const Payments payments_;
  const PaymentDesk desk_;
  const WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace stripe

BULKHEAD_PLUGIN(stripe::StripePlugin)
