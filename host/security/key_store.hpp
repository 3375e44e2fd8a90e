#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/store.hpp"
#include "runtime/published.hpp"
#include "security/administration.hpp"
#include "security/key_directory.hpp"

namespace bulkhead::host {

struct KeyStoreOptions {
  std::filesystem::path snapshot;  ///< DATA_DIR/keys.snapshot; empty for none
  /// auth.stale_max: how long keys are taken that the database did not confirm.
  std::chrono::milliseconds stale_max{std::chrono::hours{24}};
  std::function<std::int64_t()> now_us;  ///< wall clock; the system's when empty
};

struct NewTenant {
  std::string slug;
  std::string name;
  std::string time_zone = "UTC";
};

struct NewApiKey {
  std::string name;
  std::vector<std::string> scopes;
  std::vector<std::string> tenants;  ///< ids or slugs
  std::optional<std::int64_t> requests_per_minute;
  std::optional<std::int64_t> requests_per_hour;
  std::optional<std::int64_t> expires_us;
};

struct KeyRotation {
  std::chrono::seconds overlap{std::chrono::hours{24}};  ///< both keys work; 0..90 days
  /// When the new key ends. Empty: after as long a life as the old one was given, if any.
  std::optional<std::int64_t> expires_us{};
};

struct CreatedApiKey {
  ApiKeyRecord record;
  std::string text;  ///< the key itself; exists nowhere else, so show it now or never
};

/// Tenants and API keys, in the host's own store and mirrored in memory and in a snapshot file.
/// Thread-safe. Only directory(), trusted() and stale() may be used on a loop: the others wait for
/// the store, and throw what it throws.
class KeyStore {
 public:
  /// Loads the snapshot; the store is borrowed and not touched yet.
  KeyStore(data::Store& store, KeyStoreOptions options);

  /// Migrates the store where needed and mirrors it. False when the database is away: then the
  /// mirror stays, and is stale. Call at start, now and then, and after the database came back.
  /// Throws only when the schema refuses (SCHEMA_TOO_NEW, MIGRATION_CHANGED).
  bool refresh();

  // Each change is in the audit of the store, in the same transaction, and says who made it. What
  // changes nothing, such as a second revocation, is in neither.

  /// DUPLICATE for a slug that exists, VALIDATION_ERROR, INVALID_TIME_ZONE.
  Tenant createTenant(const NewTenant& tenant, const Administrator& by);
  /// The tenant as it is now; a suspended one's requests are refused from the return on. NOT_FOUND
  /// for an unknown one.
  Tenant setTenantStatus(const std::string& id_or_slug, TenantStatus status,
                         const Administrator& by);
  std::vector<Tenant> listTenants();
  /// VALIDATION_ERROR; NOT_FOUND for a tenant that does not exist.
  CreatedApiKey createKey(const NewApiKey& key, const Administrator& by);
  /// The key is refused from its return on; by other hosts on the same database from their next
  /// refresh on. Again is no error. NOT_FOUND for an unknown id.
  void revokeKey(const std::string& id, const Administrator& by);
  /// Makes a key of the same name, scopes, tenants and limits; the old one ends after the overlap,
  /// or at its own expiry when that is sooner. NOT_FOUND; KEY_NOT_VALID (409) for a key that has
  /// ended, since it would come to life again; ALREADY_ROTATED (409), which names the successor.
  CreatedApiKey rotateKey(const std::string& id, const KeyRotation& rotation,
                          const Administrator& by);
  std::vector<ApiKeyRecord> listKeys();

  /// The mirror; never null.
  std::shared_ptr<const KeyDirectory> directory() const { return directory_.load(); }
  /// False when the mirror may not be used any more: unconfirmed for longer than stale_max, or
  /// there never was one.
  bool trusted() const;
  /// The database did not confirm the mirror when last asked; health says `auth: stale`.
  bool stale() const { return stale_.load(); }

  /// Stores when keys were last used, each at most once a minute. For a timer off the loop.
  void storeLastUsed();

 private:
  using ChangeInStore = std::function<AdministrativeChange(data::Transaction&)>;
  using ChangeInMirror =
      std::function<void(std::vector<Tenant>& tenants, std::vector<ApiKeyRecord>& keys)>;
  /// The same change twice: in the store with its audit, and then in the mirror, which cannot fail
  /// any more.
  void change(const Administrator& by, const ChangeInStore& in_store,
              const ChangeInMirror& in_mirror);
  /// With an id, a secret and the time; nothing else yet.
  CreatedApiKey newKey() const;
  void migrateOnce();
  void mirror(std::vector<Tenant> tenants, std::vector<ApiKeyRecord> keys);
  bool isMirrored(const std::vector<Tenant>& tenants, const std::vector<ApiKeyRecord>& keys) const;
  void save();
  std::int64_t now() const;

  data::Store& store_;
  const KeyStoreOptions options_;
  std::mutex changing_;  ///< one change or reload at a time
  bool migrated_ = false;
  std::map<std::string, std::int64_t> stored_use_us_;
  Published<KeyDirectory> directory_;
  std::atomic<std::int64_t> verified_us_{0};
  std::int64_t saved_us_ = 0;  ///< what the snapshot says of when it was true
  std::atomic<bool> stale_{true};
};

}  // namespace bulkhead::host
