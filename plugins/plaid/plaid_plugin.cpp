#include <bulkhead/plugin.hpp>
#include <bulkhead/provider_health.hpp>

#include "connection_routes.hpp"
#include "connections.hpp"
#include "plaid_client.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "token_box.hpp"
#include "webhook_routes.hpp"

namespace plaid {

/// Plaid's door into this business: it connects banks, reads what they have, and
/// tells when there is news.
class PlaidPlugin final : public bulkhead::Plugin {
 public:
  explicit PlaidPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        client_{host.host(), settings_},
        tokens_{host.host(), settings_.token_key},
        connections_{host.host(), client_, tokens_},
        webhooks_{host, settings_, client_},
        api_{host, client_.missing(),
             [this](const bulkhead::Context& context) { client_.check(context); }} {
    addConnectionRoutes(host, connections_);
  }

 private:
  const Settings settings_;
  const PlaidClient client_;
  const TokenBox tokens_;
  const Connections connections_;
  WebhookRoutes webhooks_;
  bulkhead::ProviderHealth api_;
};

}  // namespace plaid

BULKHEAD_PLUGIN(plaid::PlaidPlugin)
