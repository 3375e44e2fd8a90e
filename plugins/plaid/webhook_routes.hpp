#pragma once

#include <string_view>

#include <bulkhead/event_source.hpp>
#include <bulkhead/inbox.hpp>
#include <bulkhead/registrar.hpp>

#include "plaid_client.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "verification_keys.hpp"
#include "webhook.hpp"

namespace plaid {

/// The door for Plaid's webhooks: verified, kept, acknowledged, and then told on as events of
/// bank-feed/1. Registers itself; thread-safe.
class WebhookRoutes {
 public:
  WebhookRoutes(bulkhead::Registrar& host, const Settings& settings, const PlaidClient& client);
  WebhookRoutes(const WebhookRoutes&) = delete;
  WebhookRoutes& operator=(const WebhookRoutes&) = delete;

 private:
  bulkhead::Response receive(const bulkhead::Request& request);
  WebhookToken requireToken(const bulkhead::Request& request);
  [[noreturn]] void refuse(const bulkhead::Request& request, std::string_view code,
                           std::string_view why) const;
  void requireEnvironment(const bulkhead::Request& request, const Webhook& webhook) const;
  void take(const bulkhead::Message& message, bulkhead::Transaction& transaction) const;

  const Settings& settings_;
  const bulkhead::Host host_;
  const PlaidClient& client_;
  VerificationKeys keys_;
  const bulkhead::EventSource events_;
  const bulkhead::Inbox inbox_;
  const bulkhead::Metric outcomes_;
};

}  // namespace plaid
