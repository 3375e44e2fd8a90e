#include "security/key_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>

#include "security/time_zone.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kNameMax = 100;
constexpr std::size_t kSlugMax = 63;
constexpr std::size_t kScopesMax = 50;
constexpr std::chrono::hours kOverlapMax{24 * 90};

Error invalid(std::string_view message) {
  return Error::validation("VALIDATION_ERROR", message);
}

void checkName(std::string_view name) {
  const bool printable =
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > kNameMax || !printable) {
    throw invalid(fmt::format("A name has 1 to {} printable characters.", kNameMax));
  }
}

bool isLowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

void checkSlug(std::string_view slug) {
  const bool shaped =
      !slug.empty() && slug.size() <= kSlugMax && slug.front() != '-' && slug.back() != '-' &&
      std::all_of(slug.begin(), slug.end(), [](char c) { return isLowerOrDigit(c) || c == '-'; });
  if (!shaped) {
    throw invalid("A slug has lower-case letters, digits and inner hyphens, at most 63.");
  }
}

void checkTimeZone(const std::string& name) {
  if (isTimeZone(name)) return;
  throw Error::validation("INVALID_TIME_ZONE", "The time zone is not an IANA name.");
}

void checkScopes(const std::vector<std::string>& scopes) {
  const auto shaped = [](const std::string& scope) {
    return !scope.empty() && scope.size() <= kNameMax &&
           std::all_of(scope.begin(), scope.end(), [](char c) {
             return isLowerOrDigit(c) ||
                    std::string_view{":-_.*"}.find(c) != std::string_view::npos;
           });
  };
  if (scopes.empty() || scopes.size() > kScopesMax ||
      !std::all_of(scopes.begin(), scopes.end(), shaped)) {
    throw invalid("A key has 1 to 50 scopes, such as 'booking:read'.");
  }
}

bool isInstallationScope(std::string_view scope) {
  return scope == "*" || scope == "admin" || scope.starts_with("monitoring:");
}

// A key is for tenants, or for the installation; Principal::has() holds for stored ones as well.
void checkBounds(const NewApiKey& key) {
  const auto& scopes = key.scopes;
  if (!key.tenants.empty() && std::find(scopes.begin(), scopes.end(), "admin") != scopes.end())
    throw invalid("The scope 'admin' is the whole installation's: leave the tenants out.");
  if (!key.tenants.empty()) return;
  for (const std::string& scope : scopes) {
    if (isInstallationScope(scope)) continue;
    throw invalid(
        fmt::format("Name the tenants of the key: the scope '{}' is of use to nobody "
                    "without one.",
                    scope));
  }
}

void checkLimit(const std::optional<std::int64_t>& limit) {
  if (limit && *limit < 1) throw invalid("A limit is at least 1 request.");
}

}  // namespace

void checkTenant(const NewTenant& tenant) {
  checkName(tenant.name);
  checkSlug(tenant.slug);
  if (tenant.time_zone.empty()) throw invalid("The time zone is missing.");
  checkTimeZone(tenant.time_zone);
}

void checkKey(const NewApiKey& key, std::int64_t now_us) {
  checkName(key.name);
  checkScopes(key.scopes);
  checkBounds(key);
  checkLimit(key.requests_per_minute);
  checkLimit(key.requests_per_hour);
  if (key.expires_us && *key.expires_us <= now_us) throw invalid("The expiry has passed.");
}

void checkRotation(const KeyRotation& rotation) {
  if (rotation.overlap >= std::chrono::seconds{0} && rotation.overlap <= kOverlapMax) return;
  throw invalid("The overlap of two keys is between 0 and 90 days.");
}

}  // namespace bulkhead::host
