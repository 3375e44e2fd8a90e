#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/backup_manifest.hpp"

namespace bulkhead::host::data {

struct RestoreOrder {
  std::filesystem::path backup;
  std::filesystem::path folder;  ///< where the installation's stores are
  /// Files that speak of the replaced stores and are made anew by the host; removed.
  std::vector<std::filesystem::path> outdated;
  bool replace = false;  ///< stores may be there; they are set aside
  /// The last migration that this installation knows for an owner's store; nothing when it does not
  /// have that plugin.
  std::function<std::optional<int>(const std::string& owner)> known_schema;
};

struct RestoreReport {
  BackupManifest manifest;
  std::vector<std::string> restored;   ///< owners
  std::vector<std::string> set_aside;  ///< owners whose store was there, in the backup or not
  std::filesystem::path aside;         ///< the folder that they are in now; empty for none
  std::vector<std::string> unknown;    ///< restored owners whose plugin is not installed
};

/// Makes the installation's stores those of a backup: all of them or, whatever happens on the way,
/// none. The backup is verified and copied beside the stores first; from the moment that this is
/// written down (restore.json), an interruption is finished by finishRestore(). Stores that were
/// there are moved to a folder `replaced-<time>`, those which the backup does not have, too.
///
/// Throws Error with nothing changed: what verifyBackup() throws; SCHEMA_TOO_NEW for a store that
/// is newer than its plugin; RESTORE_WOULD_REPLACE; STORE_LEASE_HELD while a host, or another
/// command, has a store.
RestoreReport restoreBackup(const RestoreOrder& order);

/// Ends a restore that was interrupted: forward when it had been written down, else back. True when
/// there was one. For each start, before a store is opened. Throws STORE_LEASE_HELD while it still
/// runs, and FILE_ERROR.
bool finishRestore(const std::filesystem::path& folder);

}  // namespace bulkhead::host::data
