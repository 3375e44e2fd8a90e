#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/signing.hpp>

namespace bulkhead {

/// Verifies webhooks that are signed as the Standard Webhooks specification says
/// (standardwebhooks.com): webhook-id, webhook-timestamp in seconds (a sender's milliseconds are
/// known by their size, since both are signed as they stand), and webhook-signature with
/// "v1,<base64>" entries, HMAC-SHA256 over "<id>.<timestamp>.<body>". Any thread.
class StandardWebhooks {
 public:
  enum class Verdict {
    Accepted,
    Malformed,  ///< a header is missing, or the timestamp is no number
    Mismatch,   ///< no v1 signature is the body's
    TooOld,
    InTheFuture,
  };
  /// The three headers, as they came; empty for one that did not.
  struct Headers {
    std::string_view id;
    std::string_view timestamp;
    std::string_view signature;
  };

  static constexpr std::chrono::seconds kTolerance{300};
  static constexpr std::size_t kSecretBytesMin = 24;  ///< of the specification

  /// Each secret is base64 of 24 bytes or more, with or without "whsec_" before it; while one takes
  /// another's place, both are given. Throws Error (configuration, SECRET_INVALID) for one that is
  /// not, or for none.
  explicit StandardWebhooks(const std::vector<std::string_view>& secrets) {
    constexpr std::string_view kPrefix = "whsec_";
    for (std::string_view secret : secrets) {
      if (secret.starts_with(kPrefix)) secret.remove_prefix(kPrefix.size());
      keys_.push_back(fromBase64(secret).value_or(std::string{}));
      if (keys_.back().size() < kSecretBytesMin)
        throw Error::configuration("SECRET_INVALID",
                                   "A secret of the webhook is not base64 of 24 bytes or more.");
    }
    if (keys_.empty()) throw Error::configuration("SECRET_INVALID", "The webhook has no secret.");
  }

  /// The signature is looked at before the time, so that only who has a secret learns of the clock.
  Verdict verify(const Headers& headers, std::string_view body, std::chrono::seconds now) const {
    std::int64_t timestamp_s = 0;
    const char* const end = headers.timestamp.data() + headers.timestamp.size();
    const auto read = std::from_chars(headers.timestamp.data(), end, timestamp_s);
    if (headers.id.empty() || headers.timestamp.empty() || read.ec != std::errc{} ||
        read.ptr != end || headers.signature.empty())
      return Verdict::Malformed;
    constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;  // as seconds in the year 5138
    if (timestamp_s >= kMillisecondsFrom) timestamp_s /= 1000;
    if (!isSigned(headers, body)) return Verdict::Mismatch;
    if (timestamp_s < now.count() - kTolerance.count()) return Verdict::TooOld;
    if (timestamp_s > now.count() + kTolerance.count()) return Verdict::InTheFuture;
    return Verdict::Accepted;
  }

  /// A sentence for the log and the answer; it does not help to forge.
  static std::string_view describe(Verdict verdict) {
    switch (verdict) {
      case Verdict::Accepted:
        return "The signature is valid.";
      case Verdict::Malformed:
        return "webhook-id, webhook-timestamp or webhook-signature is missing or malformed.";
      case Verdict::Mismatch:
        return "No signature in webhook-signature matches the body.";
      case Verdict::TooOld:
        return "The signature's timestamp is too old.";
      case Verdict::InTheFuture:
        return "The signature's timestamp lies in the future.";
    }
    return {};
  }

 private:
  bool isSigned(const Headers& headers, std::string_view body) const {
    std::string message{headers.id};
    message.append(".").append(headers.timestamp).append(".").append(body);
    bool matches = false;
    for (const std::string& key : keys_) {
      const std::string expected = "v1," + toBase64(hmacSha256(key, message));
      std::string_view rest = headers.signature;
      while (!rest.empty()) {
        const auto space = rest.find(' ');
        matches = isEqualInConstantTime(rest.substr(0, space), expected) || matches;
        rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
      }
    }
    return matches;
  }

  std::vector<std::string> keys_;
};

}  // namespace bulkhead
