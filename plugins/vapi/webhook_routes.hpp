#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <bulkhead/registrar.hpp>

#include "call_desk.hpp"
#include "server_message.hpp"
#include "webhook_guard.hpp"

namespace vapi {

/// What Vapi tells and asks during a call. What it tells is kept before it is
/// acknowledged, and handled once; what it asks is asked of whoever answers for
/// voice/1, and a question that comes again has the same answer.
class WebhookRoutes {
 public:
  /// Registers it. `desk` outlives this; `is_configured` says whether there is
  /// a secret at all.
  WebhookRoutes(bulkhead::Registrar& host, WebhookGuard guard, bool is_configured,
                const CallDesk& desk);
  WebhookRoutes(const WebhookRoutes&) = delete;
  WebhookRoutes& operator=(const WebhookRoutes&) = delete;

 private:
  bulkhead::Response take(const bulkhead::Request& request);
  void requireVapi(const bulkhead::Request& request) const;
  void keep(const bulkhead::Request& request, const ServerMessage& message);
  void handle(const bulkhead::Message& message, bulkhead::Transaction& transaction) const;

  std::string toolResults(const bulkhead::Request& request, const ServerMessage& message) const;
  std::string assistantFor(const bulkhead::Request& request, const ServerMessage& message) const;
  std::string answered(const bulkhead::Request& request, std::string_view key, std::string_view ask,
                       const std::string& question, std::chrono::microseconds time) const;

  const WebhookGuard guard_;
  const bool is_configured_;
  const CallDesk& desk_;
  const bulkhead::Host host_;
  const bulkhead::Metric received_;
  const bulkhead::EventSource events_;
  const bulkhead::AskSource asks_;
  const bulkhead::Inbox inbox_;
};

}  // namespace vapi
