#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

#include "call.hpp"
#include "call_store.hpp"
#include "vapi_client.hpp"

namespace vapi {

/// Places calls and follows them. A call of one tenant and reference is placed once, whatever ends
/// in the unknown on the way: Vapi has no key for that, so each call carries our id as its name,
/// and before a second try the desk looks for that name, for as long as Vapi may take to show it.
/// Any thread, outside transactions.
class CallDesk {
 public:
  struct Options {
    std::string assistant;  ///< where the draft names none
    std::string tenant;     ///< of the calls that people begin
    std::chrono::microseconds settle_time;
  };
  /// Called when a call has come further, in the transaction that says so.
  using Moved = std::function<void(bulkhead::Transaction&, const KeptCall&, const Call&)>;

  CallDesk(bulkhead::Host host, VapiClient client, Options options, Moved moved);

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
  struct Taken;

  Taken take(const bulkhead::Context& context, std::string_view tenant, const Draft& draft) const;
  void beginAgain(const bulkhead::Context& context, KeptCall& call) const;
  Call attempt(const bulkhead::Context& context, const KeptCall& call, const Draft& draft) const;
  void keep(const Call& news) const;
  std::int64_t nowUs() const { return host_.now().time_since_epoch().count(); }

  const bulkhead::Host host_;
  const VapiClient client_;
  const Options options_;
  const Moved moved_;
};

}  // namespace vapi
