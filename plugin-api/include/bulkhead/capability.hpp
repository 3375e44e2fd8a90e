#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// True of a refusal that says that nobody can answer a call of a capability: no plugin provides
/// it, or the one that does is closed, has no credentials, or did not answer in time. Its details
/// are {"capability", "call", "reason", "begun"}; only with "begun":true may the call have had its
/// effect. Left to itself it answers the client with 503.
inline bool isUnavailable(const Error& error) {
  return error.code() == "CAPABILITY_UNAVAILABLE";
}

/// A capability that plugin.json wants: "payments/1". Who provides it is the host's business. Cheap
/// to copy; callable from any thread that the host called in on, outside transactions.
///
///   try {
///     const std::string payment = payments_.call(request.context(), "create_payment", order);
///   } catch (const Error& error) {
///     if (!isUnavailable(error)) throw;  // what the provider refuses
///     // do without
///   }
class Capability {
 public:
  Capability(const bulkhead_host& host, bulkhead_home& home, std::string name)
      : host_{&host}, home_{&home}, name_{std::move(name)} {}

  /// The provider's answer. `request` and the answer are JSON text by the capability's contract.
  /// Waits as long as `context` has, and no longer than `timeout` when one is given. Throws Error:
  /// what the provider refuses with, or one of which isUnavailable() is true.
  std::string call(const Context& context, std::string_view name, std::string_view request,
                   std::chrono::microseconds timeout = std::chrono::microseconds{0}) const {
    return call(context.handle(), name, request, timeout);
  }
  /// The same outside any request, e.g. in start(); the deadline is the plugin's default.
  std::string call(std::string_view name, std::string_view request,
                   std::chrono::microseconds timeout = std::chrono::microseconds{0}) const {
    return call(static_cast<bulkhead_context*>(nullptr), name, request, timeout);
  }

  const std::string& name() const noexcept { return name_; }

 private:
  std::string call(bulkhead_context* context, std::string_view name, std::string_view request,
                   std::chrono::microseconds timeout) const {
    std::string answer;
    const bulkhead_sink sink = waist::sinkInto(answer);
    waist::ErrorCatcher caught;
    caught.check(host_->call_capability(home_, context, waist::bytes(name_), waist::bytes(name),
                                        waist::bytes(request), timeout.count(), &sink,
                                        caught.sink()));
    return answer;
  }

  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::string name_;
};

}  // namespace bulkhead
