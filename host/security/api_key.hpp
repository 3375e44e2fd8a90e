#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// SHA-256. A key's secret has 256 random bits, so that a fast hash is the right one at rest.
using SecretHash = std::array<unsigned char, 32>;

/// An API key as text:
///
///   bh_live_<id: 12 base62>_<secret: 43 base62, 256 bits>_<check: 6 base62>
///
/// `check` is the CRC-32 of all before its underscore, zero-padded: a mistyped key is refused
/// without a look-up, and scanners of leaked secrets can tell a key from noise. bh_test_ is read
/// alike. Views into the text that was parsed.
struct ApiKeyText {
  std::string_view id;
  std::string_view secret;
};

/// A new key from the system's random numbers.
std::string makeApiKey();
/// Its parts; nothing when the shape or the check is wrong.
std::optional<ApiKeyText> parseApiKey(std::string_view text);
/// True when `text` begins like one of our keys (C15).
bool hasApiKeyPrefix(std::string_view text);

SecretHash hashSecret(std::string_view secret);
/// In constant time.
bool equalHashes(const SecretHash& left, const SecretHash& right);

std::string toHex(const SecretHash& hash);
std::optional<SecretHash> hashFromHex(std::string_view hex);

}  // namespace bulkhead::host
