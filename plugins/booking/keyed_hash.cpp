// OpenSSL 3 keeps these functions and advises against them: its own replacement allocates for every
// message, which is most of the time that a slot's token takes.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "keyed_hash.hpp"

namespace booking {
namespace {

using Block = std::array<unsigned char, SHA256_CBLOCK>;

SHA256_CTX stateAfter(Block block, unsigned char pad) {
  for (auto& byte : block) byte = static_cast<unsigned char>(byte ^ pad);
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  return state;
}

KeyedHash::Digest finished(SHA256_CTX state) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes{};
  SHA256_Final(bytes.data(), &state);
  KeyedHash::Digest digest{};
  for (std::size_t i = 0; i < bytes.size(); ++i) digest[i] = static_cast<char>(bytes[i]);
  return digest;
}

KeyedHash::Digest sha256(std::string_view bytes) {
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  return finished(state);
}

}  // namespace

KeyedHash::KeyedHash(std::string_view key) {
  const Digest hashed = sha256(key);
  if (key.size() > SHA256_CBLOCK) key = {hashed.data(), hashed.size()};
  Block block{};
  for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<unsigned char>(key[i]);
  inner_ = stateAfter(block, 0x36);
  outer_ = stateAfter(block, 0x5c);
}

KeyedHash::Message& KeyedHash::Message::add(std::string_view bytes) {
  SHA256_Update(&inner_, bytes.data(), bytes.size());
  return *this;
}

KeyedHash::Digest KeyedHash::Message::finish() const {
  const Digest inner = finished(inner_);
  SHA256_CTX outer = *outer_;
  SHA256_Update(&outer, inner.data(), inner.size());
  return finished(outer);
}

KeyedHash KeyedHash::derive(std::string_view purpose) const {
  const Digest key = of(purpose);
  return KeyedHash{{key.data(), key.size()}};
}

}  // namespace booking
