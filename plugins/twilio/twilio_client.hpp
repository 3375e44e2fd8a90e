#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/host.hpp>

#include "message.hpp"

namespace twilio {

/// Who asks Twilio, and where. API keys sign in place of the auth token where there is one.
struct Account {
  std::string base_url;
  std::string sid;
  std::string user;
  std::string password;
  std::chrono::microseconds request_timeout;  ///< of one request, whatever time the caller has
};

/// Twilio's REST API of 2010-04-01, of which Verify and others have hosts of their own. Every call
/// throws the errors of provider_error.hpp, and those of messaging/1 for Twilio's own codes. Any
/// thread, outside transactions.
class TwilioClient {
 public:
  TwilioClient(bulkhead::Host host, Account account);

  /// Sends it. Twilio has no key that would make it once: after an error of which
  /// provider::mayHaveHadItsEffect() is true, look for it before another try.
  Message create(const bulkhead::Context& context, const Draft& draft,
                 std::string_view status_callback) const;
  /// What Twilio has of this draft since then, the oldest first: same recipient, sender and text.
  /// Sent or still waiting to be: what waits has no DateSent, so that Twilio's filter by it would
  /// leave out just what a try of a moment ago has left. Throws Error (PROVIDER_AMBIGUOUS) when
  /// there is too much to see all of it.
  std::vector<Message> find(const bulkhead::Context& context, const Draft& draft,
                            std::chrono::microseconds since) const;
  /// Throws Error 404 MESSAGE_NOT_FOUND.
  Message fetch(const bulkhead::Context& context, std::string_view sid) const;
  /// That the account is there and may be used.
  void check(const bulkhead::Context& context) const;

 private:
  bulkhead::OutboundRequest request(std::string_view method, std::string_view target,
                                    std::string_view operation) const;
  std::string folder() const;
  std::string send(const bulkhead::Context& context,
                   const bulkhead::OutboundRequest& request) const;

  const bulkhead::Host host_;
  const Account account_;
};

}  // namespace twilio
