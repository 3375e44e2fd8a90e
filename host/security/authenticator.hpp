#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/message.hpp"
#include "security/access.hpp"
#include "security/key_store.hpp"

namespace bulkhead::host {

/// A credential that was refused or missing (S44). Holds no secret; views live during the call.
struct SecurityEvent {
  std::string_view reason;   ///< "no_credential", "unknown_key", "expired_key" ...
  std::string_view key_id;   ///< the id that was claimed, when the text had one
  std::string_view address;  ///< of the peer
  std::string_view request_id;
  std::string_view method;
  std::string_view path;
};

struct AuthenticatorOptions {
  std::string_view bootstrap_key;  ///< API_KEY; only its hash is kept. Empty for none
  std::function<void(const SecurityEvent&)> on_refusal;  ///< on the loop: must not wait
  std::function<std::int64_t()> now_us;                  ///< wall clock; the system's when empty
};

/// Turns the credential of a request into a Principal, from memory and without waiting; runs on
/// any loop.
///
/// Takes X-API-Key or Authorization: Bearer (S42). A value is one kind of credential by its look
/// alone (C15): one of our keys, the bootstrap key, or a session token, which no route takes. What
/// is wrong with a refused key is told to the log, never to the sender.
class Authenticator {
 public:
  Authenticator(KeyStore& keys, AuthenticatorOptions options);

  /// Anonymous when nothing was sent. Throws AUTHENTICATION_ERROR (401) for what is no valid
  /// credential; CONFLICTING_CREDENTIALS (400) for two that differ; NOT_FOUND (404) for a tenant in
  /// X-Tenant-Id that the key does not have; AUTHORIZATION_ERROR (403) for a suspended one;
  /// DATABASE_UNAVAILABLE (503) when keys were not confirmed for too long.
  ///
  /// `tenant` is empty when X-Tenant-Id has to choose and is not there: routes on tenants' data
  /// call requireTenant().
  Principal authenticate(const HttpRequest& request) const;
  /// Who may use a route of this access and scope: authenticate() and authorize() in one. Who sent
  /// no credential where one is needed is told to the log as well.
  Principal admit(const HttpRequest& request, Access access, std::string_view scope) const;

 private:
  Principal fromKey(const HttpRequest& request, std::string_view text) const;
  Principal fromBootstrapKey(const HttpRequest& request) const;
  [[noreturn]] void refuse(const HttpRequest& request, std::string_view reason,
                           std::string_view key_id = {}) const;
  void tell(const HttpRequest& request, std::string_view reason, std::string_view key_id) const;
  std::int64_t now() const;

  KeyStore& keys_;
  std::optional<SecretHash> bootstrap_hash_;
  const std::function<void(const SecurityEvent&)> on_refusal_;
  const std::function<std::int64_t()> now_us_;
};

}  // namespace bulkhead::host
