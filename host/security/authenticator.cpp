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
};

// All that was sent must agree: two parsers that pick different ones would be a hole.
Credential readCredential(const HttpRequest& request) {
  Credential credential;
  for (const auto& [name, value] : request.headers) {
    const bool key = name == "x-api-key";
    if (!key && name != "authorization") continue;
    const std::string_view text = key ? std::string_view{value} : bearerToken(value);
    if (credential.sent && text != credential.text) {
      throw Error::validation("CONFLICTING_CREDENTIALS",
                              "X-API-Key and Authorization hold different credentials. Send one.");
    }
    credential = {true, text};
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

Error unknownTenant() {
  return Error::notFound("NOT_FOUND", "There is no such tenant.");
}

std::string usable(const Tenant& tenant) {
  if (tenant.status == TenantStatus::Active) return tenant.id;
  throw Error::authorization("AUTHORIZATION_ERROR", "This tenant is suspended.");
}

std::string tenantOfKey(const HttpRequest& request, const KeyDirectory& directory,
                        const ApiKeyRecord& key) {
  if (const std::string* wanted = wantedTenant(request); wanted != nullptr) {
    const Tenant* tenant = directory.findTenant(*wanted);
    if (tenant == nullptr ||
        !std::binary_search(key.tenants.begin(), key.tenants.end(), tenant->id)) {
      throw unknownTenant();
    }
    return usable(*tenant);
  }
  if (key.tenants.size() != 1) return {};
  const Tenant* tenant = directory.findTenant(key.tenants.front());
  if (tenant == nullptr) throw unknownTenant();
  return usable(*tenant);
}

}  // namespace

Authenticator::Authenticator(KeyStore& keys, AuthenticatorOptions options)
    : keys_{keys}, on_refusal_{std::move(options.on_refusal)}, now_us_{std::move(options.now_us)} {
  if (!options.bootstrap_key.empty()) bootstrap_hash_ = hashSecret(options.bootstrap_key);
}

Principal Authenticator::authenticate(const HttpRequest& request) const {
  const Credential credential = readCredential(request);
  if (!credential.sent) return {};
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
  if (access != Access::Public && !principal.authenticated) tell(request, "no_credential", {});
  authorize(principal, access, scope);
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
    if (tenant == nullptr) throw unknownTenant();
    principal.tenant = usable(*tenant);
  } else if (const Tenant* only = directory->onlyTenant();
             only != nullptr && only->status == TenantStatus::Active) {
    principal.tenant = only->id;
  }
  return principal;
}

void Authenticator::refuse(const HttpRequest& request, std::string_view reason,
                           std::string_view key_id) const {
  tell(request, reason, key_id);
  throw Error::authentication("AUTHENTICATION_ERROR", "The credential is not valid.");
}

void Authenticator::tell(const HttpRequest& request, std::string_view reason,
                         std::string_view key_id) const {
  if (!on_refusal_) return;
  on_refusal_(
      {reason, key_id, request.peer.address, request.request_id, request.method, request.path});
}

std::int64_t Authenticator::now() const {
  if (now_us_) return now_us_();
  return SystemClock{}.nowUs();
}

}  // namespace bulkhead::host
