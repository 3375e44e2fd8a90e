#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/standard_webhooks.hpp>

namespace vapi {

/// Tells Vapi's own messages from those of others. Any thread.
class WebhookGuard {
 public:
  /// What a message brought, empty where it did not.
  struct Proof {
    bulkhead::StandardWebhooks::Headers signature;
    std::string_view secret;  ///< X-Vapi-Secret
  };

  /// Signed as Standard Webhooks, or by the secret itself. Without secrets nobody passes. Throws
  /// Error (configuration) for a secret that cannot be one.
  WebhookGuard(bool is_signed, std::vector<std::string> secrets);

  /// Why this is not Vapi's; nothing when it is.
  std::optional<std::string_view> refusal(const Proof& proof, std::string_view body,
                                          std::chrono::seconds now) const;

 private:
  const std::vector<std::string> secrets_;
  const std::optional<bulkhead::StandardWebhooks> verifier_;
};

}  // namespace vapi
