#pragma once

#include <array>
#include <cstddef>
#include <openssl/sha.h>
#include <string_view>

namespace booking {

/// HMAC-SHA256 (RFC 2104) under one key, whose two blocks are hashed once, when it is made: what is
/// left for a short message is two compressions. Any thread.
class KeyedHash {
 public:
  using Digest = std::array<char, SHA256_DIGEST_LENGTH>;

  explicit KeyedHash(std::string_view key);

  /// A message that is not complete yet. Copies go on from where the original is; they must not
  /// outlive the KeyedHash.
  class Message {
   public:
    Message& add(std::string_view bytes);
    Digest finish() const;

   private:
    friend class KeyedHash;
    Message(const SHA256_CTX& inner, const SHA256_CTX& outer) : inner_{inner}, outer_{&outer} {}
    SHA256_CTX inner_;
    const SHA256_CTX* outer_;
  };

  Message begin() const { return {inner_, outer_}; }
  Digest of(std::string_view message) const { return begin().add(message).finish(); }
  /// Another key, for `purpose` alone.
  KeyedHash derive(std::string_view purpose) const;

 private:
  SHA256_CTX inner_{};
  SHA256_CTX outer_{};
};

}  // namespace booking
