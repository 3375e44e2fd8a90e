#pragma once

#include <string>
#include <string_view>

#include "instant.hpp"
#include "keyed_hash.hpp"

namespace booking {

/// What a slot was offered for. Empty `resource` and `location` leave the choice to the desk.
struct SlotClaim {
  std::string service;
  std::string resource;
  std::string location;
  seconds duration{};
  Instant start{};
  friend bool operator==(const SlotClaim&, const SlotClaim&) = default;
};

/// Makes the tokens of the slots of one search: all that they share is encoded and hashed once.
class SlotTokenWriter {
 public:
  /// Appends the token of the slot that begins at `start`: letters, digits, "-" and "_".
  void append(std::string& out, Instant start) const;
  std::string token(Instant start) const {
    std::string text;
    append(text, start);
    return text;
  }

 private:
  friend class SlotTokens;
  SlotTokenWriter(KeyedHash::Message message, std::string shared_text)
      : message_{message}, shared_text_{std::move(shared_text)} {}
  const KeyedHash::Message message_;
  const std::string shared_text_;
};

/// Tokens by which a caller books exactly what it was offered, and nothing that it made up:
/// base64url of (version, end, duration, service, resource, location, start) and 16 bytes of an
/// HMAC-SHA256 over that and the tenant. They do not keep a time free. Any thread.
class SlotTokens {
 public:
  static constexpr seconds kValid{600};

  explicit SlotTokens(KeyedHash key) : key_{key} {}

  /// `offer.start` is not looked at. The writer must not outlive this.
  SlotTokenWriter writer(std::string_view tenant, const SlotClaim& offer, Instant now) const;

  /// What `token` was made for. Throws 400 SLOT_TOKEN_INVALID for what was not made for this tenant
  /// under this key, 409 SLOT_TOKEN_EXPIRED ten minutes after it was made.
  SlotClaim open(std::string_view tenant, std::string_view token, Instant now) const;

 private:
  KeyedHash::Message begin(std::string_view tenant, std::string_view shared) const;

  const KeyedHash key_;
};

}  // namespace booking
