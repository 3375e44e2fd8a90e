#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "data/backup.hpp"

namespace bulkhead::host {

/// A plugin whose file is there, enabled or not.
struct InstalledPlugin {
  std::string id;
  std::string version;
  std::optional<int> schema_max;  ///< the last migration of its store that it knows
};

/// Reads the manifests of all plugins that are configured or in the plugin folder; those which
/// cannot be read are left out. Runs nothing of them.
std::vector<InstalledPlugin> installedPlugins(const Configuration& configuration);

/// The folder of the stores, from DATABASE_URL. Throws Error (STORE_IS_NO_FILE) on PostgreSQL.
std::filesystem::path storeFolder(const HostSettings& settings);

/// A backup of this installation, to be written to `directory`.
data::BackupOrder backupOrder(const Configuration& configuration,
                              const std::filesystem::path& directory);

}  // namespace bulkhead::host
