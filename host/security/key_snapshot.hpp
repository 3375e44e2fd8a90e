#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "security/key_directory.hpp"

namespace bulkhead::host {

/// What DATA_DIR/keys.snapshot holds: tenants and hashes as the database last confirmed them, so
/// that a start while the database is away locks nobody out.
struct KeySnapshot {
  std::int64_t verified_us = 0;  ///< when the database last confirmed them
  std::vector<Tenant> tenants;
  std::vector<ApiKeyRecord> keys;
};

/// Replaces the file in one step, readable by its owner only. False, with a log line, when that
/// failed: the old one is then still whole.
bool saveKeySnapshot(const std::filesystem::path& path, const KeySnapshot& snapshot);

/// Nothing when there is none, or it is damaged, or others than its owner may touch it.
std::optional<KeySnapshot> loadKeySnapshot(const std::filesystem::path& path);

}  // namespace bulkhead::host
