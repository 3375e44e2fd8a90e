#pragma once

#include <chrono>
#include <string_view>

namespace stripe {

enum class Verdict {
  Accepted,
  Malformed,  ///< no timestamp or no v1 signature in the header
  Mismatch,   ///< no v1 signature is the body's
  TooOld,
  InTheFuture,
};

/// A sentence for the log and the answer; it does not help to forge.
std::string_view describe(Verdict verdict);

/// Checks a Stripe-Signature header against the raw body: HMAC-SHA256 over "<t>.<body>" with the
/// whole secret string as key, lower-case hex, any of several v1 entries, compared in constant time
/// (docs.stripe.com/webhooks#verify-manually). Stricter than Stripe's own libraries in one thing: a
/// timestamp further ahead than `tolerance` is refused too. `tolerance` of zero checks no time.
Verdict verifySignature(std::string_view header, std::string_view body, std::string_view secret,
                        std::chrono::seconds now, std::chrono::seconds tolerance);

}  // namespace stripe
