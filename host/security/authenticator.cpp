#include "security/authenticator.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/error.hpp>

#include "data/database_error.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kBootstrapId = "bootstrap";

bool isBearer(std::string_view scheme) {
  constexpr std::string_view kBearer = "bearer";
  return std::equal(scheme.begin(), scheme.end(), kBearer.begin(), kBearer.end(),
                    [](char sent, char wanted) { return (sent | 0x20) == wanted; });
}

// The token of "Bearer <token>"; empty for another scheme or no token.
std::string_view bearerToken(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos || !isBearer(value.substr(0, space))) return {};
  const std::size_t token = value.find_first_not_of(' ', space);
  return token == std::string_view::npos ? std::string_view{} : value.substr(token);
}

struct Credential {
  bool sent = false;
  std::string_view text;  ///< empty when what was sent has no form that we know
  bool conflicts = false;
};

// All that was sent must agree: two parsers that pick different ones would be a hole.
Credential readCredential(const HttpRequest& request) {
  Credential credential;
  for (const auto& [name, value] : request.headers) {
    const bool key = name == "x-api-key";
    if (!key && name != "authorization") continue;
    const std::string_view text = key ? std::string_view{value} : bearerToken(value);
    if (credential.sent && text != credential.text) credential.conflicts = true;
    credential.sent = true;
    credential.text = text;
  }
  return credential;
}

// Three base64url segments, the first of which is a JSON object: "{" begins as "e".
bool looksLikeJwt(std::string_view text) {
  return text.starts_with("ey") && std::count(text.begin(), text.end(), '.') == 2;
}

const std::string* wantedTenant(const HttpRequest& request) {
  const std::string* wanted = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (name != "x-tenant-id") continue;
    if (wanted != nullptr && *wanted != value) {
      throw Error::validation("VALIDATION_ERROR", "X-Tenant-Id was sent twice.");
    }
    wanted = &value;
  }
  return wanted;
}

std::string_view reasonOf(const Principal& principal, Access access) {
  const bool is_bound = access == Access::Admin && principal.bound_to_tenants;
  return is_bound ? "bound_to_tenants" : "missing_scope";
}

}  // namespace

Authenticator::Authenticator(KeyStore& keys, AuthenticatorOptions options)
    : keys_{keys}, on_event_{std::move(options.on_event)}, now_us_{std::move(options.now_us)} {
  if (!options.bootstrap_key.empty()) bootstrap_hash_ = hashSecret(options.bootstrap_key);
}

Principal Authenticator::authenticate(const HttpRequest& request) const {
  const Credential credential = readCredential(request);
  if (!credential.sent) return {};
  if (credential.conflicts) {
    tell(request, {.reason = "conflicting_credentials"});
    throw Error::validation("CONFLICTING_CREDENTIALS",
                            "X-API-Key and Authorization hold different credentials. Send one.");
  }
  if (credential.text.empty()) refuse(request, "no_known_scheme");
  if (bootstrap_hash_ && equalHashes(hashSecret(credential.text), *bootstrap_hash_)) {
    return fromBootstrapKey(request);
  }
  if (hasApiKeyPrefix(credential.text)) return fromKey(request, credential.text);
  refuse(request, looksLikeJwt(credential.text) ? "session_token" : "no_known_form");
}

Principal Authenticator::admit(const HttpRequest& request, Access access,
                               std::string_view scope) const {
  Principal principal = authenticate(request);
  if (access != Access::Public && !principal.authenticated)
    tell(request, {.reason = "no_credential"});
  try {
    authorize(principal, access, scope);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Authorization) {
      tell(request, {.kind = SecurityEventKind::AuthorizationDenied,
                     .reason = reasonOf(principal, access),
                     .key_id = principal.key_id,
                     .tenant = principal.tenant,
                     .scope = scope});
    }
    throw;
  }
  return principal;
}

// An unknown id is compared as well, so that the time tells nothing about which ids exist.
Principal Authenticator::fromKey(const HttpRequest& request, std::string_view text) const {
  const auto parts = parseApiKey(text);
  if (!parts) refuse(request, "damaged_key");
  if (!keys_.trusted()) throw data::databaseUnavailable();
  const auto directory = keys_.directory();
  const KeyDirectory::Entry* entry = directory->findKey(parts->id);
  const SecretHash expected = entry == nullptr ? SecretHash{} : entry->key.secret_hash;
  const bool matches = equalHashes(hashSecret(parts->secret), expected);
  if (entry == nullptr) refuse(request, "unknown_key", parts->id);
  if (!matches) refuse(request, "wrong_secret", parts->id);
  const std::int64_t now_us = now();
  if (!entry->key.isValidAt(now_us)) {
    refuse(request, entry->key.revoked_us ? "revoked_key" : "expired_key", parts->id);
  }
  entry->used_us->store(now_us, std::memory_order_relaxed);
  return {entry->key.id, tenantOfKey(request, *directory, entry->key), entry->key.scopes, true,
          !entry->key.tenants.empty()};
}

Principal Authenticator::fromBootstrapKey(const HttpRequest& request) const {
  const auto directory = keys_.directory();
  Principal principal{std::string{kBootstrapId}, {}, {"*"}, true, false};
  if (const std::string* wanted = wantedTenant(request); wanted != nullptr) {
    if (!keys_.trusted()) throw data::databaseUnavailable();
    const Tenant* tenant = directory->findTenant(*wanted);
    if (tenant == nullptr) refuseTenant(request, *wanted, kBootstrapId);
    principal.tenant = usable(request, *tenant, kBootstrapId);
  } else if (const Tenant* only = directory->onlyTenant();
             only != nullptr && only->status == TenantStatus::Active) {
    principal.tenant = only->id;
  }
  return principal;
}

std::string Authenticator::tenantOfKey(const HttpRequest& request, const KeyDirectory& directory,
                                       const ApiKeyRecord& key) const {
  const std::string* wanted = wantedTenant(request);
  if (wanted == nullptr && key.tenants.size() != 1) return {};
  const std::string& name = wanted == nullptr ? key.tenants.front() : *wanted;
  const Tenant* tenant = directory.findTenant(name);
  if (tenant == nullptr || !std::binary_search(key.tenants.begin(), key.tenants.end(), tenant->id))
    refuseTenant(request, name, key.id);
  return usable(request, *tenant, key.id);
}

std::string Authenticator::usable(const HttpRequest& request, const Tenant& tenant,
                                  std::string_view key_id) const {
  if (tenant.status == TenantStatus::Active) return tenant.id;
  tell(request, {.kind = SecurityEventKind::TenantRefused,
                 .reason = "suspended_tenant",
                 .key_id = key_id,
                 .tenant = tenant.id});
  throw Error::authorization("AUTHORIZATION_ERROR", "This tenant is suspended.");
}

void Authenticator::refuse(const HttpRequest& request, std::string_view reason,
                           std::string_view key_id) const {
  tell(request, {.reason = reason, .key_id = key_id});
  throw Error::authentication("AUTHENTICATION_ERROR", "The credential is not valid.");
}

void Authenticator::refuseTenant(const HttpRequest& request, std::string_view tenant,
                                 std::string_view key_id) const {
  tell(request, {.kind = SecurityEventKind::TenantRefused,
                 .reason = "unknown_tenant",
                 .key_id = key_id,
                 .tenant = tenant});
  throw Error::notFound("NOT_FOUND", "There is no such tenant.");
}

void Authenticator::tell(const HttpRequest& request, SecurityEvent event) const {
  if (!on_event_) return;
  on_event_(eventOf(request, event));
}

std::int64_t Authenticator::now() const {
  if (now_us_) return now_us_();
  return SystemClock{}.nowUs();
}

}  // namespace bulkhead::host
