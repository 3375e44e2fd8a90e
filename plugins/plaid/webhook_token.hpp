#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plaid {

enum class Verdict {
  Accepted,
  Malformed,   ///< no JWS of ES256 with the claims of a webhook
  UnknownKey,  ///< Plaid does not know the key, or has ended it
  Mismatch,    ///< not signed by its key
  TooOld,
  InTheFuture,
  OtherBody,  ///< it was signed for another body
};

/// A sentence for the log and the answer; it does not help to forge.
std::string_view describe(Verdict verdict);

/// A point of P-256, as a JWK names it: 32 bytes each.
struct VerificationKey {
  std::string x, y;
};

/// What a Plaid-Verification header says (plaid.com/docs/api/webhooks/webhook-verification): a JWS
/// in compact form (RFC 7515), not verified yet.
struct WebhookToken {
  std::string key_id;
  std::string signed_text;  ///< header and claims as they were sent
  std::string signature;    ///< r and s, 64 bytes
  std::string body_sha256;  ///< in hexadecimal
  std::int64_t issued_s = 0;

  /// Nothing unless it is one, and its algorithm is ES256: no other is looked at, `none` least of
  /// all.
  static std::optional<WebhookToken> parse(std::string_view header);
};

/// Time and body, in constant time: no older than `tolerance`, no more than 10 s ahead of `now`,
/// and made for these very bytes.
Verdict judgeClaims(const WebhookToken& token, std::string_view body, std::chrono::seconds now,
                    std::chrono::seconds tolerance);

/// ECDSA on P-256 with SHA-256 over `signed_text`. False also for a key that is no point of it.
bool isSignedBy(const WebhookToken& token, const VerificationKey& key);

}  // namespace plaid
