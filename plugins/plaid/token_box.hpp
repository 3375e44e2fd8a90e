#pragma once

#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

namespace plaid {

/// Seals access tokens for the store: AES-256-GCM under SHA-256 of the setting `token_key`, with a
/// nonce of the host's random bytes, bound to whose token it is. Without a key they stay as they
/// are. A sealed one says so by its first bytes, so that both are read after a key was set.
/// Thread-safe.
class TokenBox {
 public:
  TokenBox(const bulkhead::Host& host, std::string_view key);

  std::string seal(std::string_view token, std::string_view tenant) const;
  /// Throws bulkhead::Error (503 NOT_CONFIGURED) for what was sealed under another key, or for
  /// another tenant.
  std::string open(std::string_view sealed, std::string_view tenant) const;

 private:
  const bulkhead::Host host_;
  const std::string key_;
};

}  // namespace plaid
