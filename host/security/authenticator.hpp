#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/message.hpp"
#include "security/access.hpp"
#include "security/key_store.hpp"
#include "security/security_log.hpp"

namespace bulkhead::host {

struct AuthenticatorOptions {
  std::string_view bootstrap_key;  ///< API_KEY; only its hash is kept. Empty for none
  std::function<void(const SecurityEvent&)> on_event;  ///< on the loop: must not wait
  std::function<std::int64_t()> now_us;                ///< wall clock; the system's when empty
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
  /// no credential where one is needed, or lacks the right, is told to the log as well.
  Principal admit(const HttpRequest& request, Access access, std::string_view scope) const;

 private:
  Principal fromKey(const HttpRequest& request, std::string_view text) const;
  Principal fromBootstrapKey(const HttpRequest& request) const;
  std::string tenantOfKey(const HttpRequest& request, const KeyDirectory& directory,
                          const ApiKeyRecord& key) const;
  /// The id of a tenant that the key has, unless it is suspended.
  std::string usable(const HttpRequest& request, const Tenant& tenant,
                     std::string_view key_id) const;
  [[noreturn]] void refuse(const HttpRequest& request, std::string_view reason,
                           std::string_view key_id = {}) const;
  [[noreturn]] void refuseTenant(const HttpRequest& request, std::string_view tenant,
                                 std::string_view key_id) const;
  void tell(const HttpRequest& request, SecurityEvent event) const;
  std::int64_t now() const;

  KeyStore& keys_;
  std::optional<SecretHash> bootstrap_hash_;
  const std::function<void(const SecurityEvent&)> on_event_;
  const std::function<std::int64_t()> now_us_;
};

}  // namespace bulkhead::host
