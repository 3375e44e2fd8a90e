#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "security/api_key.hpp"

namespace bulkhead::host {

enum class TenantStatus { Active, Suspended };

struct Tenant {
  std::string id;    ///< ULID
  std::string slug;  ///< [a-z0-9-], unique
  std::string name;
  std::string time_zone;  ///< IANA
  TenantStatus status = TenantStatus::Active;
  std::int64_t created_us = 0;

  bool operator==(const Tenant&) const = default;
};

/// One API key without its secret. Times are microseconds since 1970.
struct ApiKeyRecord {
  std::string id;
  std::string name;
  SecretHash secret_hash{};
  std::vector<std::string> scopes;
  std::vector<std::string> tenants;  ///< ids; empty for a key that works on no tenant's data
  std::optional<std::int64_t> requests_per_minute;  ///< the host's default when empty (S40)
  std::optional<std::int64_t> requests_per_hour;
  std::int64_t created_us = 0;
  std::optional<std::int64_t> expires_us;
  std::optional<std::int64_t> last_used_us;  ///< as stored: up to a minute late
  std::optional<std::int64_t> revoked_us;
  std::string rotated_from;  ///< id of the key that it took over from; empty for none

  bool isValidAt(std::int64_t now_us) const {
    return !revoked_us && (!expires_us || now_us < *expires_us);
  }
  bool operator==(const ApiKeyRecord&) const = default;
};

/// All tenants and keys at one moment. Immutable but for the marks of use; read by any thread
/// without a lock.
class KeyDirectory {
 public:
  struct Entry {
    ApiKeyRecord key;
    /// When it was last used; 0 for not since the start. Carried over from directory to directory.
    std::shared_ptr<std::atomic<std::int64_t>> used_us;
  };

  KeyDirectory(std::vector<Tenant> tenants, std::vector<ApiKeyRecord> keys,
               const KeyDirectory* before);

  const Entry* findKey(std::string_view id) const;
  /// By id or by slug; the two cannot be confused, since ids are in upper case.
  const Tenant* findTenant(std::string_view id_or_slug) const;
  /// The tenant, when there is exactly one.
  const Tenant* onlyTenant() const;

  const std::vector<Tenant>& tenants() const { return tenants_; }
  const std::vector<Entry>& keys() const { return keys_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Index = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

  std::vector<Tenant> tenants_;
  std::vector<Entry> keys_;
  Index tenant_index_;
  Index key_index_;
};

}  // namespace bulkhead::host
