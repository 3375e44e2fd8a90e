#include "security/key_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "data/audit_log.hpp"
#include "data/migrations.hpp"
#include "runtime/services.hpp"
#include "security/key_documents.hpp"
#include "security/key_rows.hpp"
#include "security/key_rules.hpp"
#include "security/key_snapshot.hpp"
#include "security/schema.hpp"
#include "security/ulid.hpp"

namespace bulkhead::host {
namespace {

using data::Transaction;

constexpr auto kStoreWait = std::chrono::seconds{5};
constexpr std::int64_t kMinuteUs = 60'000'000;
/// How old the snapshot's confirmation may be while nothing changes.
constexpr std::int64_t kSnapshotAgeUs = 30'000'000;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + kStoreWait;
}

template <typename Value>
void sortUnique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

void requireRotatable(Transaction& transaction, const ApiKeyRecord& key, std::int64_t now_us) {
  if (!key.isValidAt(now_us)) {
    throw Error::conflict("KEY_NOT_VALID",
                          fmt::format("The key '{}' has ended. Make a new one.", key.id));
  }
  if (const auto successor = successorOf(transaction, key.id)) {
    throw Error::conflict("ALREADY_ROTATED",
                          fmt::format("The key '{}' was rotated already; '{}' took over. Rotate "
                                      "that one, or make a new one.",
                                      key.id, *successor));
  }
}

/// `key` becomes what `old` was, with as long a life from its creation on.
void takeOver(ApiKeyRecord& key, const ApiKeyRecord& old) {
  key.name = old.name;
  key.scopes = old.scopes;
  key.tenants = old.tenants;
  key.requests_per_minute = old.requests_per_minute;
  key.requests_per_hour = old.requests_per_hour;
  key.rotated_from = old.id;
  if (old.expires_us) key.expires_us = key.created_us + (*old.expires_us - old.created_us);
}

void replaceKey(std::vector<ApiKeyRecord>& keys, const ApiKeyRecord& changed) {
  for (ApiKeyRecord& key : keys) {
    if (key.id == changed.id) key = changed;
  }
}

std::string textOf(const Tenant& tenant) {
  return toJson([&](JsonWriter& out) { writeTenant(out, tenant); });
}

/// As of the audit: not when it was last used, which is nobody's change.
std::string textOf(ApiKeyRecord key) {
  key.last_used_us.reset();
  return toJson([&](JsonWriter& out) { writeKey(out, key, nullptr); });
}

std::string rotationText(const ApiKeyRecord& old, const ApiKeyRecord& successor) {
  return toJson([&](JsonWriter& out) {
    out.object("key", RawJson{textOf(old)}, "successor", RawJson{textOf(successor)});
  });
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
  const bool news = !isMirrored(tenants, keys);
  mirror(std::move(tenants), std::move(keys));
  verified_us_ = now();
  stale_ = false;
  const std::int64_t age_us = verified_us_ - saved_us_;
  if (news || age_us < 0 || age_us >= kSnapshotAgeUs) save();
  return true;
}

bool KeyStore::isMirrored(const std::vector<Tenant>& tenants,
                          const std::vector<ApiKeyRecord>& keys) const {
  const auto mirrored = directory();
  return mirrored->tenants() == tenants &&
         std::equal(keys.begin(), keys.end(), mirrored->keys().begin(), mirrored->keys().end(),
                    [](const auto& key, const auto& entry) { return key == entry.key; });
}

Tenant KeyStore::createTenant(const NewTenant& wanted, const Administrator& by) {
  checkTenant(wanted);
  Tenant tenant{makeUlid(),       wanted.slug,          wanted.name,
                wanted.time_zone, TenantStatus::Active, now()};
  const auto in_store = [&](Transaction& transaction) {
    if (!insertTenant(transaction, tenant))
      throw Error::conflict("DUPLICATE", fmt::format("The slug '{}' is taken.", tenant.slug));
    return AdministrativeChange{"tenant.create", "tenant:" + tenant.id, {}, textOf(tenant)};
  };
  change(by, in_store, [&](auto& tenants, auto&) { tenants.push_back(tenant); });
  return tenant;
}

Tenant KeyStore::setTenantStatus(const std::string& id_or_slug, TenantStatus status,
                                 const Administrator& by) {
  Tenant changed;
  const auto in_store = [&](Transaction& transaction) {
    changed = loadTenant(transaction, id_or_slug);
    const std::string before = textOf(changed);
    changed.status = status;
    updateTenantStatus(transaction, changed);
    const bool active = status == TenantStatus::Active;
    return AdministrativeChange{active ? "tenant.resume" : "tenant.suspend", "tenant:" + changed.id,
                                before, textOf(changed)};
  };
  change(by, in_store, [&](auto& tenants, auto&) {
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

CreatedApiKey KeyStore::createKey(const NewApiKey& wanted, const Administrator& by) {
  checkKey(wanted, now());
  CreatedApiKey created = newKey();
  ApiKeyRecord& record = created.record;
  record.name = wanted.name;
  record.scopes = wanted.scopes;
  sortUnique(record.scopes);
  record.requests_per_minute = wanted.requests_per_minute;
  record.requests_per_hour = wanted.requests_per_hour;
  record.expires_us = wanted.expires_us;
  const auto in_store = [&](Transaction& transaction) {
    record.tenants.clear();
    for (const std::string& tenant : wanted.tenants)
      record.tenants.push_back(loadTenant(transaction, tenant).id);
    sortUnique(record.tenants);
    insertKey(transaction, record);
    return AdministrativeChange{"key.create", "key:" + record.id, {}, textOf(record)};
  };
  change(by, in_store, [&](auto&, auto& keys) { keys.push_back(record); });
  return created;
}

CreatedApiKey KeyStore::rotateKey(const std::string& id, const KeyRotation& rotation,
                                  const Administrator& by) {
  checkRotation(rotation);
  CreatedApiKey created = newKey();
  const std::int64_t now_us = created.record.created_us;
  const std::int64_t overlap_us =
      std::chrono::duration_cast<std::chrono::microseconds>(rotation.overlap).count();
  if (rotation.expires_us && *rotation.expires_us <= now_us)
    throw Error::validation("VALIDATION_ERROR", "The expiry has passed.");
  ApiKeyRecord old;
  const auto in_store = [&](Transaction& transaction) {
    old = loadKey(transaction, id);
    requireRotatable(transaction, old, now_us);
    const std::string before = textOf(old);
    takeOver(created.record, old);
    if (rotation.expires_us) created.record.expires_us = rotation.expires_us;
    old.expires_us = std::min(old.expires_us.value_or(now_us + overlap_us), now_us + overlap_us);
    insertKey(transaction, created.record);
    updateKeyEnd(transaction, old);
    return AdministrativeChange{"key.rotate", "key:" + old.id, before,
                                rotationText(old, created.record)};
  };
  change(by, in_store, [&](auto&, auto& keys) {
    replaceKey(keys, old);
    keys.push_back(created.record);
  });
  return created;
}

void KeyStore::revokeKey(const std::string& id, const Administrator& by) {
  ApiKeyRecord key;
  const std::int64_t now_us = now();
  const auto in_store = [&](Transaction& transaction) {
    key = loadKey(transaction, id);
    const std::string before = textOf(key);
    key.revoked_us = key.revoked_us.value_or(now_us);
    updateKeyEnd(transaction, key);
    return AdministrativeChange{"key.revoke", "key:" + key.id, before, textOf(key)};
  };
  change(by, in_store, [&](auto&, auto& keys) { replaceKey(keys, key); });
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
  const auto keys = directory();
  for (const auto& entry : keys->keys()) {
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
        for (const auto& [id, used_us] : due) updateLastUsed(transaction, id, used_us);
      },
      soon());
  for (const auto& [id, used_us] : due) stored_use_us_[id] = used_us;
}

std::int64_t KeyStore::now() const {
  if (options_.now_us) return options_.now_us();
  return SystemClock{}.nowUs();
}

CreatedApiKey KeyStore::newKey() const {
  CreatedApiKey created;
  created.text = makeApiKey();
  const ApiKeyText parts = parseApiKey(created.text).value();
  created.record.id = parts.id;
  created.record.secret_hash = hashSecret(parts.secret);
  created.record.created_us = now();
  return created;
}

void KeyStore::migrateOnce() {
  if (migrated_) return;
  data::migrate(store_, "host", hostMigrations(), soon());
  store_.write([](Transaction& transaction) { data::audit::prepare(transaction); }, soon());
  migrated_ = true;
}

void KeyStore::change(const Administrator& by, const ChangeInStore& in_store,
                      const ChangeInMirror& in_mirror) {
  const std::lock_guard lock{changing_};
  migrateOnce();
  AdministrativeChange made;
  store_.write(
      [&](Transaction& transaction) {
        made = in_store(transaction);
        recordChange(transaction, by, made, now());
      },
      soon());
  const auto before = directory();
  std::vector<Tenant> tenants = before->tenants();
  std::vector<ApiKeyRecord> keys;
  for (const auto& entry : before->keys()) keys.push_back(entry.key);
  in_mirror(tenants, keys);
  mirror(std::move(tenants), std::move(keys));
  save();
  logChange(by, made);
}

void KeyStore::mirror(std::vector<Tenant> tenants, std::vector<ApiKeyRecord> keys) {
  const auto before = directory();
  directory_.store(
      std::make_shared<const KeyDirectory>(std::move(tenants), std::move(keys), before.get()));
}

void KeyStore::save() {
  if (options_.snapshot.empty()) return;
  saved_us_ = verified_us_;
  const auto mirrored = directory();
  KeySnapshot snapshot{verified_us_, mirrored->tenants(), {}};
  for (const auto& entry : mirrored->keys()) snapshot.keys.push_back(entry.key);
  saveKeySnapshot(options_.snapshot, snapshot);
}

}  // namespace bulkhead::host
