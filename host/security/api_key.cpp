#include "security/api_key.hpp"

#include <Poco/Checksum.h>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace bulkhead::host {
namespace {

constexpr std::string_view kLive = "bh_live_";
constexpr std::string_view kTest = "bh_test_";
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kIdSize = 12;
constexpr std::size_t kSecretSize = 43;  // 62^43 > 2^256
constexpr std::size_t kCheckSize = 6;
constexpr std::size_t kPrefixSize = kLive.size();
constexpr std::size_t kSecretAt = kPrefixSize + kIdSize + 1;
constexpr std::size_t kCheckAt = kSecretAt + kSecretSize + 1;
constexpr std::size_t kKeySize = kCheckAt + kCheckSize;

bool isBase62(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

// Bytes from 248 up are thrown away: 62 does not divide 256, and the rest would be uneven.
std::string randomBase62(std::size_t size) {
  std::string text;
  while (text.size() < size) {
    std::array<unsigned char, 64> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
      throw std::runtime_error{"The system has no random numbers."};
    }
    for (const unsigned char byte : bytes) {
      if (byte < 248 && text.size() < size) text += kAlphabet[byte % 62];
    }
    OPENSSL_cleanse(bytes.data(), bytes.size());
  }
  return text;
}

std::string checkOf(std::string_view text) {
  Poco::Checksum checksum{Poco::Checksum::TYPE_CRC32};
  checksum.update(text.data(), static_cast<unsigned>(text.size()));
  std::uint32_t rest = checksum.checksum();
  std::string check(kCheckSize, '0');
  for (auto digit = check.rbegin(); digit != check.rend(); ++digit) {
    *digit = kAlphabet[rest % 62];
    rest /= 62;
  }
  return check;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string makeApiKey() {
  std::string key{kLive};
  key += randomBase62(kIdSize) + '_' + randomBase62(kSecretSize);
  return key + '_' + checkOf(key);
}

std::optional<ApiKeyText> parseApiKey(std::string_view text) {
  if (text.size() != kKeySize || !hasApiKeyPrefix(text)) return std::nullopt;
  if (text[kSecretAt - 1] != '_' || text[kCheckAt - 1] != '_') return std::nullopt;
  const ApiKeyText key{text.substr(kPrefixSize, kIdSize), text.substr(kSecretAt, kSecretSize)};
  if (!isBase62(key.id) || !isBase62(key.secret)) return std::nullopt;
  if (text.substr(kCheckAt) != checkOf(text.substr(0, kCheckAt - 1))) return std::nullopt;
  return key;
}

bool hasApiKeyPrefix(std::string_view text) {
  return text.starts_with(kLive) || text.starts_with(kTest);
}

SecretHash hashSecret(std::string_view secret) {
  SecretHash hash{};
  if (EVP_Digest(secret.data(), secret.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"SHA-256 is not available."};
  }
  return hash;
}

bool equalHashes(const SecretHash& left, const SecretHash& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string toHex(const SecretHash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : hash) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

std::optional<SecretHash> hashFromHex(std::string_view hex) {
  SecretHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = hexDigit(hex[2 * i]);
    const int low = hexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return hash;
}

}  // namespace bulkhead::host
