#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

#include "message.hpp"
#include "message_store.hpp"
#include "twilio_client.hpp"

namespace twilio {

/// Sends messages and follows them. A message of one tenant and reference is sent once, whatever
/// ends in the unknown on the way: Twilio has no key for that, so before a second try the desk
/// looks for what the first one left there, for as long as Twilio may take to show it. Any thread,
/// outside transactions.
class MessageDesk {
 public:
  struct Options {
    std::string sender;           ///< where the draft names none
    std::string status_callback;  ///< without its query; empty where nobody can be called
    std::chrono::microseconds settle_time;
  };
  /// Called when a message has come further, in the transaction that says so.
  using Moved = std::function<void(bulkhead::Transaction&, const KeptMessage&)>;

  MessageDesk(bulkhead::Host host, TwilioClient client, Options options, Moved moved);

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
  struct Taken;

  Taken take(const bulkhead::Context& context, std::string_view tenant, const Draft& draft) const;
  std::optional<KeptMessage> recover(const bulkhead::Context& context,
                                     const KeptMessage& message) const;
  void beginAgain(const bulkhead::Context& context, KeptMessage& message) const;
  KeptMessage attempt(const bulkhead::Context& context, KeptMessage message) const;
  std::int64_t nowUs() const { return host_.now().time_since_epoch().count(); }

  const bulkhead::Host host_;
  const TwilioClient client_;
  const Options options_;
  const Moved moved_;
};

}  // namespace twilio
