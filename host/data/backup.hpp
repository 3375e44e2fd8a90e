#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/backup_manifest.hpp"
#include "data/store_copy.hpp"

namespace bulkhead::host::data {

struct StoreFile {
  std::string owner;
  std::filesystem::path database;
};

/// A store that goes into a backup.
struct StoreSource {
  std::string owner;
  std::function<std::unique_ptr<StoreMoment>()> take_moment;
};

/// The stores of an installation: every `<owner>.db` in `folder`, the host's own last.
std::vector<StoreFile> storesIn(const std::filesystem::path& folder);

/// Stores that this process reads by itself.
std::vector<StoreSource> readHere(const std::vector<StoreFile>& stores);

struct BackupOrder {
  std::filesystem::path directory;  ///< the backup's name; nothing may have it yet
  std::vector<StoreSource> stores;
  std::string host_version;
  std::vector<InstalledVersion> plugins;
  CopyPace pace{};
  std::function<void(std::uint64_t bytes)>
      on_total{};  ///< told once how much there is; may be empty
};

/// Copies the stores while others write them. The moments of all of them are taken first, one after
/// the other in their order, so that what a later one is referred to by an earlier one is there.
/// Each copy is checked, and the folder gets its name when all of it is on the disk; whatever goes
/// wrong leaves nothing behind.
///
/// Throws Error: BACKUP_EXISTS, BACKUP_NO_SPACE, BACKUP_STOPPED, STORE_DAMAGED (that copy would be
/// no backup), FILE_ERROR, DATABASE_UNAVAILABLE.
BackupManifest writeBackup(const BackupOrder& order);

/// Checks every file of a backup against its manifest, and its database. Throws NOT_A_BACKUP,
/// BACKUP_TOO_NEW, or BACKUP_DAMAGED that names what is missing, changed or extra.
BackupManifest verifyBackup(const std::filesystem::path& folder);

}  // namespace bulkhead::host::data
