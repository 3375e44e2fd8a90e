#include "signature.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <bulkhead/signing.hpp>

namespace stripe {
namespace {

struct Header {
  std::string_view timestamp;  // as sent: it is part of what was signed
  std::int64_t timestamp_s = 0;
  std::vector<std::string_view> signatures;
};

std::optional<Header> parse(std::string_view text) {
  Header header;
  bool has_time = false;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view scheme = item.substr(0, equals);
    const std::string_view value = item.substr(equals + 1);
    if (scheme == "v1") header.signatures.push_back(value);
    if (scheme != "t") continue;
    const auto read =
        std::from_chars(value.data(), value.data() + value.size(), header.timestamp_s);
    if (read.ec != std::errc{} || read.ptr != value.data() + value.size()) return std::nullopt;
    header.timestamp = value;
    has_time = true;
  }
  if (!has_time || header.signatures.empty()) return std::nullopt;
  return header;
}

}  // namespace

std::string_view describe(Verdict verdict) {
  switch (verdict) {
    case Verdict::Accepted:
      return "The signature is valid.";
    case Verdict::Malformed:
      return "The Stripe-Signature header has no timestamp or no v1 signature.";
    case Verdict::Mismatch:
      return "No signature in Stripe-Signature matches the body.";
    case Verdict::TooOld:
      return "The signature's timestamp is too old.";
    case Verdict::InTheFuture:
      return "The signature's timestamp lies in the future.";
  }
  return {};
}

Verdict verifySignature(std::string_view header, std::string_view body, std::string_view secret,
                        std::chrono::seconds now, std::chrono::seconds tolerance) {
  const auto parsed = parse(header);
  if (!parsed) return Verdict::Malformed;
  std::string message{parsed->timestamp};
  message += '.';
  message += body;
  const std::string expected = bulkhead::toHex(bulkhead::hmacSha256(secret, message));
  bool matches = false;
  for (const auto signature : parsed->signatures)
    matches = bulkhead::isEqualInConstantTime(signature, expected) || matches;
  if (!matches) return Verdict::Mismatch;
  if (tolerance.count() == 0) return Verdict::Accepted;
  if (now.count() - tolerance.count() > parsed->timestamp_s) return Verdict::TooOld;
  if (now.count() + tolerance.count() < parsed->timestamp_s) return Verdict::InTheFuture;
  return Verdict::Accepted;
}

}  // namespace stripe
