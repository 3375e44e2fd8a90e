#pragma once

#include <optional>
#include <string>

#include <bulkhead/form.hpp>
#include <bulkhead/registrar.hpp>

#include "message_desk.hpp"

namespace twilio {

/// What Twilio tells and asks: a message's progress, and what people write.
/// Each is verified, kept before it is acknowledged, and handled once.
class WebhookRoutes {
 public:
  struct Options {
    std::string account_sid;
    std::string auth_token;
    std::string public_base_url;
    std::string tenant;  ///< of people whom no tenant has written to
  };

  /// Registers them. `desk` outlives this.
  WebhookRoutes(bulkhead::Registrar& host, Options options, const MessageDesk& desk);
  WebhookRoutes(const WebhookRoutes&) = delete;
  WebhookRoutes& operator=(const WebhookRoutes&) = delete;

 private:
  bulkhead::Response takeStatus(const bulkhead::Request& request);
  bulkhead::Response takeInbound(const bulkhead::Request& request);
  void handle(const bulkhead::Message& message, bulkhead::Transaction& transaction) const;
  void handleStatus(const bulkhead::Message& message, const bulkhead::Form& form,
                    bulkhead::Transaction& transaction) const;
  void publishInbound(const bulkhead::Message& message, const bulkhead::Form& form,
                      bulkhead::Transaction& transaction) const;
  std::string replyTo(const bulkhead::Request& request, const InboundMessage& message) const;

  bulkhead::Form verified(const bulkhead::Request& request) const;
  [[noreturn]] void refuse(const bulkhead::Request& request) const;

  const Options options_;
  const MessageDesk& desk_;
  const bulkhead::Host host_;
  const bulkhead::Metric received_;
  const bulkhead::EventSource events_;
  const bulkhead::AskSource asks_;
  const bulkhead::Inbox inbox_;
};

}  // namespace twilio
