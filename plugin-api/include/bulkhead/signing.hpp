#pragma once

#include <cstddef>
#include <cstdint>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

/// What vendors' signatures and tokens are made of. Digests are raw bytes; write them with toHex()
/// or toBase64(). A plugin that includes this links OpenSSL::Crypto.
namespace bulkhead {

namespace detail {

inline std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view message) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const bool good = HMAC(digest, key.data(), static_cast<int>(key.size()),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         bytes, &size) != nullptr;
  if (!good) throw Error::app("SIGNING_FAILED", "A signature could not be computed.");
  return {bytes, bytes + size};
}

inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::uint32_t byteAt(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
}

inline void appendBase64(std::string& out, std::string_view bytes, std::string_view alphabet) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group =
        byteAt(bytes, i) << 16 | byteAt(bytes, i + 1) << 8 | byteAt(bytes, i + 2);
    const std::size_t letters = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (std::size_t n = 0; n < letters; ++n) out += alphabet[group >> (18 - 6 * n) & 63U];
  }
}

inline int base64Value(char letter, std::string_view alphabet) {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9') return letter - '0' + 52;
  if (letter == alphabet[62]) return 62;
  return letter == alphabet[63] ? 63 : -1;
}

/// Letters without padding: no others, and no stray bits at the end.
inline std::optional<std::string> readBase64(std::string_view text, std::string_view alphabet) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const int value = base64Value(letter, alphabet);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xffU);
    bits &= (1U << count) - 1;
  }
  if (bits != 0 || text.size() % 4 == 1) return std::nullopt;
  return bytes;
}

}  // namespace detail

/// RFC 2104; the key may have any length.
inline std::string hmacSha1(std::string_view key, std::string_view message) {
  return detail::hmac(EVP_sha1(), key, message);
}
inline std::string hmacSha256(std::string_view key, std::string_view message) {
  return detail::hmac(EVP_sha256(), key, message);
}
inline std::string sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return {digest, digest + sizeof digest};
}

/// In lower case.
inline std::string toHex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += kHex[static_cast<unsigned char>(c) >> 4];
    text += kHex[static_cast<unsigned char>(c) & 15];
  }
  return text;
}
inline std::string sha256Hex(std::string_view bytes) {
  return toHex(sha256(bytes));
}

/// RFC 4648 §4, padded.
inline std::string toBase64(std::string_view bytes) {
  std::string text;
  detail::appendBase64(text, bytes, detail::kBase64);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}
/// Nothing unless `text` is exactly what toBase64() writes, with or without its padding.
inline std::optional<std::string> fromBase64(std::string_view text) {
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  return detail::readBase64(text, detail::kBase64);
}

/// Appends RFC 4648 §5 without padding. Bytes in multiples of three can be appended piece by piece.
inline void appendBase64Url(std::string& out, std::string_view bytes) {
  detail::appendBase64(out, bytes, detail::kBase64Url);
}
inline std::string toBase64Url(std::string_view bytes) {
  std::string text;
  appendBase64Url(text, bytes);
  return text;
}
/// Nothing unless `text` is exactly what appendBase64Url() writes: no padding, no other letters, no
/// stray bits.
inline std::optional<std::string> fromBase64Url(std::string_view text) {
  return detail::readBase64(text, detail::kBase64Url);
}

/// Takes the same time wherever the two differ; texts of different lengths are never equal.
inline bool isEqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace bulkhead
