#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/store.hpp"
#include "security/key_directory.hpp"

namespace bulkhead::host {

/// The statements on tenants and keys in the host's own store, each within the caller's
/// transaction.

/// Ordered by id, as are the keys.
std::vector<Tenant> loadTenants(data::Transaction& transaction);
std::vector<ApiKeyRecord> loadKeys(data::Transaction& transaction);

/// By id or slug. Throws NOT_FOUND.
Tenant loadTenant(data::Transaction& transaction, const std::string& id_or_slug);
/// Throws NOT_FOUND.
ApiKeyRecord loadKey(data::Transaction& transaction, const std::string& id);

/// False when its slug is taken.
bool insertTenant(data::Transaction& transaction, const Tenant& tenant);
void updateTenantStatus(data::Transaction& transaction, const Tenant& tenant);
void insertKey(data::Transaction& transaction, const ApiKeyRecord& key);
void updateKeyEnd(data::Transaction& transaction, const ApiKeyRecord& key);
void updateLastUsed(data::Transaction& transaction, const std::string& id, std::int64_t used_us);

/// The key that took over from `id`, if one did.
std::optional<std::string> successorOf(data::Transaction& transaction, const std::string& id);

}  // namespace bulkhead::host
