#include "security/key_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/migrations.hpp"
#include "runtime/services.hpp"
#include "security/key_snapshot.hpp"
#include "security/schema.hpp"
#include "security/time_zone.hpp"
#include "security/ulid.hpp"

namespace bulkhead::host {
namespace {

using data::Transaction;

constexpr auto kStoreWait = std::chrono::seconds{5};
constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::size_t kNameMax = 100;
constexpr std::size_t kSlugMax = 63;
constexpr std::size_t kScopesMax = 50;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + kStoreWait;
}

template <typename... Arguments>
std::int64_t send(Transaction& transaction, std::string_view sql, const Arguments&... arguments) {
  const auto row = values(arguments...);
  return transaction.send(sql, row.data(), row.size());
}

template <typename Receive>
void each(Transaction& transaction, std::string_view sql, const Receive& receive) {
  transaction.read(sql, nullptr, 0, [&](const bulkhead_value* columns, std::size_t count) {
    receive(Row{columns, count});
    return 0;
  });
}

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

template <typename Value>
void sortUnique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::vector<Tenant> loadTenants(Transaction& transaction) {
  std::vector<Tenant> tenants;
  each(
      transaction, "SELECT id, slug, name, time_zone, status, created_us FROM tenant ORDER BY id",
      [&](const Row& row) {
        tenants.push_back({row.string(0), row.string(1), row.string(2), row.string(3),
                           row.text(4) == "active" ? TenantStatus::Active : TenantStatus::Suspended,
                           row.integer(5)});
      });
  return tenants;
}

// A hash that cannot be read becomes one that nothing matches.
ApiKeyRecord keyFrom(const Row& row) {
  ApiKeyRecord key;
  key.id = row.string(0);
  key.name = row.string(1);
  const auto hash = hashFromHex(row.text(2));
  key.secret_hash = hash.value_or(SecretHash{});
  key.requests_per_minute = row.optionalInteger(3);
  key.requests_per_hour = row.optionalInteger(4);
  key.created_us = row.integer(5);
  key.expires_us = row.optionalInteger(6);
  key.last_used_us = row.optionalInteger(7);
  key.revoked_us = row.optionalInteger(8);
  if (!hash && !key.revoked_us) key.revoked_us = 0;
  return key;
}

std::vector<ApiKeyRecord> loadKeys(Transaction& transaction) {
  std::vector<ApiKeyRecord> keys;
  each(transaction,
       "SELECT id, name, secret_hash, requests_per_minute, requests_per_hour, created_us, "
       "expires_us, last_used_us, revoked_us FROM api_key ORDER BY id",
       [&](const Row& row) { keys.push_back(keyFrom(row)); });
  const auto attach = [&](std::string_view sql, std::vector<std::string> ApiKeyRecord::*list) {
    auto key = keys.begin();
    each(transaction, sql, [&](const Row& row) {
      while (key != keys.end() && key->id < row.text(0)) ++key;
      if (key != keys.end() && key->id == row.text(0)) ((*key).*list).push_back(row.string(1));
    });
  };
  attach("SELECT api_key, scope FROM api_key_scope ORDER BY api_key, scope", &ApiKeyRecord::scopes);
  attach("SELECT api_key, tenant FROM api_key_tenant ORDER BY api_key, tenant",
         &ApiKeyRecord::tenants);
  return keys;
}

std::string tenantId(Transaction& transaction, const std::string& id_or_slug) {
  std::string id;
  const auto row = values(id_or_slug);
  transaction.read("SELECT id FROM tenant WHERE id = $1 OR slug = $1", row.data(), row.size(),
                   [&](const bulkhead_value* columns, std::size_t count) {
                     id = Row{columns, count}.string(0);
                     return 1;
                   });
  if (id.empty()) throw Error::notFound("NOT_FOUND", "There is no such tenant.");
  return id;
}

void insertKey(Transaction& transaction, const ApiKeyRecord& key) {
  send(transaction,
       "INSERT INTO api_key (id, name, secret_hash, requests_per_minute, requests_per_hour, "
       "created_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
       key.id, key.name, toHex(key.secret_hash), key.requests_per_minute, key.requests_per_hour,
       key.created_us, key.expires_us);
  for (const std::string& scope : key.scopes) {
    send(transaction, "INSERT INTO api_key_scope VALUES ($1, $2)", key.id, scope);
  }
  for (const std::string& tenant : key.tenants) {
    send(transaction, "INSERT INTO api_key_tenant VALUES ($1, $2)", key.id, tenant);
  }
}

}  // namespace

KeyStore::KeyStore(data::Store& store, KeyStoreOptions options)
    : store_{store}, options_{std::move(options)} {
  KeySnapshot snapshot;
  if (!options_.snapshot.empty()) {
    snapshot = loadKeySnapshot(options_.snapshot).value_or(KeySnapshot{});
  }
  mirror(std::move(snapshot.tenants), std::move(snapshot.keys));
  verified_us_ = snapshot.verified_us;
}

bool KeyStore::refresh() {
  const std::lock_guard lock{changing_};
  std::vector<Tenant> tenants;
  std::vector<ApiKeyRecord> keys;
  try {
    migrateOnce();
    store_.read(
        [&](Transaction& transaction) {
          tenants = loadTenants(transaction);
          keys = loadKeys(transaction);
        },
        soon());
  } catch (const Error& error) {
    stale_ = true;
    if (error.kind() == ErrorKind::Configuration) throw;
    return false;
  }
  mirror(std::move(tenants), std::move(keys));
  verified_us_ = now();
  stale_ = false;
  save();
  return true;
}

Tenant KeyStore::createTenant(const NewTenant& wanted) {
  checkName(wanted.name);
  checkSlug(wanted.slug);
  if (wanted.time_zone.empty()) throw invalid("The time zone is missing.");
  checkTimeZone(wanted.time_zone);
  Tenant tenant{makeUlid(),       wanted.slug,          wanted.name,
                wanted.time_zone, TenantStatus::Active, now()};
  const auto in_store = [&](Transaction& transaction) {
    const auto added =
        send(transaction,
             "INSERT INTO tenant (id, slug, name, time_zone, status, created_us) "
             "VALUES ($1, $2, $3, $4, 'active', $5) ON CONFLICT (slug) DO NOTHING",
             tenant.id, tenant.slug, tenant.name, tenant.time_zone, tenant.created_us);
    if (added == 0) {
      throw Error::conflict("DUPLICATE", fmt::format("The slug '{}' is taken.", tenant.slug));
    }
  };
  change(in_store, [&](auto& tenants, auto&) { tenants.push_back(tenant); });
  return tenant;
}

Tenant KeyStore::setTenantStatus(const std::string& id_or_slug, TenantStatus status) {
  Tenant changed;
  const auto in_store = [&](Transaction& transaction) {
    const std::string id = tenantId(transaction, id_or_slug);
    send(transaction, "UPDATE tenant SET status = $2 WHERE id = $1", id,
         status == TenantStatus::Active ? "active" : "suspended");
    for (Tenant& tenant : loadTenants(transaction)) {
      if (tenant.id == id) changed = std::move(tenant);
    }
  };
  change(in_store, [&](auto& tenants, auto&) {
    for (Tenant& tenant : tenants) {
      if (tenant.id == changed.id) tenant.status = status;
    }
  });
  return changed;
}

std::vector<Tenant> KeyStore::listTenants() {
  std::vector<Tenant> tenants;
  store_.read([&](Transaction& transaction) { tenants = loadTenants(transaction); }, soon());
  return tenants;
}

CreatedApiKey KeyStore::createKey(const NewApiKey& wanted) {
  checkName(wanted.name);
  checkScopes(wanted.scopes);
  checkBounds(wanted);
  checkLimit(wanted.requests_per_minute);
  checkLimit(wanted.requests_per_hour);
  if (wanted.expires_us && *wanted.expires_us <= now()) throw invalid("The expiry has passed.");
  CreatedApiKey created;
  created.text = makeApiKey();
  const ApiKeyText parts = parseApiKey(created.text).value();
  ApiKeyRecord& record = created.record;
  record.id = parts.id;
  record.name = wanted.name;
  record.secret_hash = hashSecret(parts.secret);
  record.scopes = wanted.scopes;
  sortUnique(record.scopes);
  record.requests_per_minute = wanted.requests_per_minute;
  record.requests_per_hour = wanted.requests_per_hour;
  record.created_us = now();
  record.expires_us = wanted.expires_us;
  const auto in_store = [&](Transaction& transaction) {
    record.tenants.clear();
    for (const std::string& tenant : wanted.tenants) {
      record.tenants.push_back(tenantId(transaction, tenant));
    }
    sortUnique(record.tenants);
    insertKey(transaction, record);
  };
  change(in_store, [&](auto&, auto& keys) { keys.push_back(record); });
  return created;
}

void KeyStore::revokeKey(const std::string& id) {
  const std::int64_t revoked_us = now();
  const auto in_store = [&](Transaction& transaction) {
    const auto changed =
        send(transaction, "UPDATE api_key SET revoked_us = coalesce(revoked_us, $2) WHERE id = $1",
             id, revoked_us);
    if (changed == 0) throw Error::notFound("NOT_FOUND", "There is no such key.");
  };
  change(in_store, [&](auto&, auto& keys) {
    for (ApiKeyRecord& key : keys) {
      if (key.id == id && !key.revoked_us) key.revoked_us = revoked_us;
    }
  });
}

std::vector<ApiKeyRecord> KeyStore::listKeys() {
  std::vector<ApiKeyRecord> keys;
  store_.read([&](Transaction& transaction) { keys = loadKeys(transaction); }, soon());
  return keys;
}

bool KeyStore::trusted() const {
  const std::int64_t verified_us = verified_us_;
  if (!stale_) return true;
  const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(options_.stale_max);
  return verified_us != 0 && now() - verified_us <= longest.count();
}

void KeyStore::storeLastUsed() {
  const std::lock_guard lock{changing_};
  std::vector<std::pair<std::string, std::int64_t>> due;
  for (const auto& entry : directory()->keys()) {
    const std::int64_t used_us = *entry.used_us;
    const auto stored = stored_use_us_.find(entry.key.id);
    if (used_us == 0) continue;
    if (stored == stored_use_us_.end() || used_us - stored->second >= kMinuteUs) {
      due.emplace_back(entry.key.id, used_us);
    }
  }
  if (due.empty()) return;
  store_.write(
      [&](Transaction& transaction) {
        for (const auto& [id, used_us] : due) {
          send(transaction, "UPDATE api_key SET last_used_us = $2 WHERE id = $1", id, used_us);
        }
      },
      soon());
  for (const auto& [id, used_us] : due) stored_use_us_[id] = used_us;
}

std::int64_t KeyStore::now() const {
  if (options_.now_us) return options_.now_us();
  return SystemClock{}.nowUs();
}

void KeyStore::migrateOnce() {
  if (migrated_) return;
  data::migrate(store_, "host", hostMigrations(), soon());
  migrated_ = true;
}

void KeyStore::change(
    const data::TransactionClosure& in_store,
    const std::function<void(std::vector<Tenant>&, std::vector<ApiKeyRecord>&)>& in_mirror) {
  const std::lock_guard lock{changing_};
  migrateOnce();
  store_.write(in_store, soon());
  const auto before = directory();
  std::vector<Tenant> tenants = before->tenants();
  std::vector<ApiKeyRecord> keys;
  for (const auto& entry : before->keys()) keys.push_back(entry.key);
  in_mirror(tenants, keys);
  mirror(std::move(tenants), std::move(keys));
  save();
}

void KeyStore::mirror(std::vector<Tenant> tenants, std::vector<ApiKeyRecord> keys) {
  const auto before = directory();
  directory_.store(
      std::make_shared<const KeyDirectory>(std::move(tenants), std::move(keys), before.get()));
}

void KeyStore::save() const {
  if (options_.snapshot.empty()) return;
  const auto mirrored = directory();
  KeySnapshot snapshot{verified_us_, mirrored->tenants(), {}};
  for (const auto& entry : mirrored->keys()) snapshot.keys.push_back(entry.key);
  saveKeySnapshot(options_.snapshot, snapshot);
}

}  // namespace bulkhead::host
