#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/event_source.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/sent_once.hpp>

#include "message.hpp"
#include "message_store.hpp"
#include "twilio_client.hpp"

namespace twilio {

/// Sends messages, follows them, and tells how far they have come as events of messaging/1. A
/// message of one tenant and reference is sent once, whatever ends in the unknown on the way
/// (bulkhead/sent_once.hpp): it is looked for by recipient, sender and text. Any thread, outside
/// transactions.
class MessageDesk {
 public:
  struct Options {
    std::string sender;           ///< where the draft names none
    std::string status_callback;  ///< without its query; empty where nobody can be called
    std::chrono::microseconds request_timeout;
    std::chrono::microseconds settle_time;
  };

  /// Throws Error (configuration) for a settle_time that is too short.
  MessageDesk(bulkhead::Host host, TwilioClient client, bulkhead::EventSource events,
              Options options);

  /// The message as Twilio has it; that of an earlier call where the reference is known. Throws
  /// Error: what TwilioClient throws. After PROVIDER_AMBIGUOUS the next call looks for it.
  KeptMessage send(const bulkhead::Context& context, std::string_view tenant,
                   const Draft& draft) const;
  /// A message of this tenant as Twilio has it now. Throws Error 404 MESSAGE_NOT_FOUND.
  KeptMessage look(const bulkhead::Context& context, std::string_view tenant,
                   std::string_view sid) const;
  /// Takes in what Twilio says of a message, `id` being ours where it is known; news that are none
  /// change nothing.
  void apply(bulkhead::Transaction& transaction, const Message& news, std::string_view id) const;

 private:
  using Taken = bulkhead::SentOnce::Taken<KeptMessage>;

  Taken take(const bulkhead::Context& context, std::string_view tenant, const Draft& draft) const;
  std::optional<KeptMessage> recover(const bulkhead::Context& context, const KeptMessage& message,
                                     std::chrono::microseconds since) const;
  KeptMessage attempt(const bulkhead::Context& context, KeptMessage message) const;
  void publish(bulkhead::Transaction& transaction, const KeptMessage& message) const;

  const bulkhead::Host host_;
  const TwilioClient client_;
  const bulkhead::EventSource events_;
  const Options options_;
  const bulkhead::SentOnce once_;
};

}  // namespace twilio
