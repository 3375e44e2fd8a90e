#pragma once

#include <cstdint>
#include <string>

#include "security/key_store.hpp"

namespace bulkhead::host {

/// What tenants and keys have to be like before anything is asked of a store. Throw
/// VALIDATION_ERROR with a sentence, INVALID_TIME_ZONE.
void checkTenant(const NewTenant& tenant);
/// A key is for tenants or for the installation; Principal::has() holds for stored ones as well.
void checkKey(const NewApiKey& key, std::int64_t now_us);
void checkRotation(const KeyRotation& rotation);

}  // namespace bulkhead::host
