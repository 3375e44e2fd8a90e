#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

#include "call.hpp"

namespace vapi {

/// Vapi's REST API. Every call throws the errors of provider_error.hpp, and those of voice/1. Any
/// thread, outside transactions.
class VapiClient {
 public:
  struct Account {
    std::string base_url;
    std::string key;
    std::string phone_number;
    std::chrono::microseconds request_timeout;  ///< of one request, whatever time the caller has
  };

  VapiClient(bulkhead::Host host, Account account);

  /// Rings somebody up; `name` is our id of the call. Vapi has no key that would make it once:
  /// after an error of which provider::mayHaveHadItsEffect() is true, look for it before another
  /// try.
  Call create(const bulkhead::Context& context, const Draft& draft, std::string_view name) const;
  /// The call of that name among those that were made in a quarter of an hour from then. Throws
  /// Error (PROVIDER_AMBIGUOUS) when there were too many to see all of them.
  std::optional<Call> find(const bulkhead::Context& context, std::string_view name,
                           std::chrono::microseconds since) const;
  /// Throws Error 404 CALL_NOT_FOUND.
  Call fetch(const bulkhead::Context& context, std::string_view id) const;
  /// Hangs up. A call that is over is over.
  void end(const bulkhead::Context& context, const Call& call) const;
  /// That the key is good.
  void check(const bulkhead::Context& context) const;

 private:
  bulkhead::OutboundRequest request(std::string_view method, std::string_view target,
                                    std::string_view operation) const;
  std::chrono::milliseconds timeout() const {
    return std::chrono::ceil<std::chrono::milliseconds>(account_.request_timeout);
  }

  const bulkhead::Host host_;
  const Account account_;
};

}  // namespace vapi
