#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/registrar.hpp>

#include "event.hpp"
#include "payment_desk.hpp"
#include "settings.hpp"  // generated from plugin.json

namespace stripe {

/// The door for Stripe's webhooks: verified, kept once, acknowledged fast, and then told on by the
/// desk. Lists what came, too. Thread-safe.
class WebhookRoutes {
 public:
  /// Registers them. `settings` and `desk` outlive this. Throws Error (configuration) for a blank
  /// webhook_secret.
  WebhookRoutes(bulkhead::Registrar& host, const Settings& settings, const PaymentDesk& desk);
  WebhookRoutes(const WebhookRoutes&) = delete;
  WebhookRoutes& operator=(const WebhookRoutes&) = delete;

 private:
  bulkhead::Response receive(const bulkhead::Request& request);
  void requireSignature(const bulkhead::Request& request) const;
  void requireMode(const Event& event) const;
  bool isForUs(const Event& event) const;
  bool keep(const bulkhead::Request& request, const Event& event) const;

  const Settings& settings_;
  const std::vector<std::string> connected_accounts_;
  const bulkhead::Host host_;
  const PaymentDesk& desk_;
  const bulkhead::Inbox inbox_;
  const bulkhead::Metric events_;
};

}  // namespace stripe
