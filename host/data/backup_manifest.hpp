#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::data {

inline constexpr int kBackupFormat = 1;
inline constexpr const char* kManifestName = "manifest.json";

/// One store in a backup.
struct BackedUpStore {
  std::string owner;  ///< the plugin's id, or "host"
  std::string file;   ///< in the backup's folder: "<owner>.db"
  int schema_version = 0;
  std::string taken;  ///< the moment that it holds, RFC 3339 in UTC
  std::uint64_t size_bytes = 0;
  std::string sha256;
  std::string integrity;  ///< what PRAGMA integrity_check said of the copy: "ok"
};

struct InstalledVersion {
  std::string id;
  std::string version;
};

/// manifest.json of a backup: what is in it, and who made it.
struct BackupManifest {
  std::string host_version;
  std::string started;
  std::string finished;
  std::vector<InstalledVersion> plugins{};
  std::vector<BackedUpStore> stores{};

  std::string text() const;
  /// Throws BACKUP_DAMAGED for what is no manifest, BACKUP_TOO_NEW for one of a later format.
  static BackupManifest parse(std::string_view text);
  /// The same from a backup's folder; NOT_A_BACKUP when it has none.
  static BackupManifest load(const std::filesystem::path& folder);
};

/// True for the names that stores have: a plugin's id, or "host".
bool isStoreOwner(std::string_view name);

}  // namespace bulkhead::host::data
