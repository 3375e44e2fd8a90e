#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/event_source.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/sent_once.hpp>

#include "call.hpp"
#include "call_store.hpp"
#include "vapi_client.hpp"

namespace vapi {

/// Places calls, follows them, and tells how they stand as events of voice/1. A call of one tenant
/// and reference is placed once, whatever ends in the unknown on the way
/// (bulkhead/sent_once.hpp): each carries our id as its name, by which it is looked for. Any
/// thread, outside transactions.
class CallDesk {
 public:
  struct Options {
    std::string assistant;  ///< where the draft names none
    std::string tenant;     ///< of the calls that people begin
    std::chrono::microseconds request_timeout;
    std::chrono::microseconds settle_time;
  };

  /// Throws Error (configuration) for a settle_time that is too short.
  CallDesk(bulkhead::Host host, VapiClient client, bulkhead::EventSource events, Options options);

  /// The call as Vapi has it; that of an earlier one where the reference is known. Throws Error:
  /// what VapiClient throws. After PROVIDER_AMBIGUOUS the next call looks for it.
  Call start(const bulkhead::Context& context, std::string_view tenant, Draft draft) const;
  /// A call of this tenant as Vapi has it now. Throws Error 404 CALL_NOT_FOUND.
  Call look(const bulkhead::Context& context, std::string_view tenant, std::string_view id) const;
  /// Hangs up, and says how it stands then.
  Call end(const bulkhead::Context& context, std::string_view tenant, std::string_view id) const;
  /// Takes in what Vapi says of a call; news that are none change nothing. One that nobody here has
  /// placed is kept under `new_id`, where that is given. Gives the call as it is kept.
  std::optional<KeptCall> apply(bulkhead::Transaction& transaction, const Call& news,
                                std::string_view new_id) const;

 private:
  bulkhead::SentOnce::Taken<KeptCall> take(const bulkhead::Context& context,
                                           std::string_view tenant, const Draft& draft) const;
  Call attempt(const bulkhead::Context& context, const KeptCall& call, const Draft& draft) const;
  void keep(const Call& news) const;
  void publish(bulkhead::Transaction& transaction, const KeptCall& kept, const Call& call) const;
  std::int64_t nowUs() const { return host_.now().time_since_epoch().count(); }

  const bulkhead::Host host_;
  const VapiClient client_;
  const bulkhead::EventSource events_;
  const Options options_;
  const bulkhead::SentOnce once_;
};

}  // namespace vapi
