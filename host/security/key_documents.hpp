#pragma once

#include <string>

#include <bulkhead/json_writer.hpp>

#include "security/key_directory.hpp"

namespace bulkhead::host {

/// Tenants and keys as administrators and the audit see them: times as RFC 3339, no hash.
void writeTenant(JsonWriter& out, const Tenant& tenant);
/// With the key itself when `text` is given, which is once.
void writeKey(JsonWriter& out, const ApiKeyRecord& key, const std::string* text);

}  // namespace bulkhead::host
