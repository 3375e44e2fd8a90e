#include "data/backup.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "data/durable_file.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHost = "host";
/// What must be free beyond the stores' own sizes.
constexpr std::uint64_t kSpareBytes = 1U << 20U;

std::string timeNow() {
  return Poco::DateTimeFormatter::format(Poco::Timestamp{}, "%Y-%m-%dT%H:%M:%s") + "Z";
}

/// A folder that is removed unless it got its name.
class Draft {
 public:
  explicit Draft(const fs::path& directory)
      : directory_{directory},
        folder_{fmt::format("{}.partial-{}", directory.string(), ::getpid())} {
    makePrivateFolder(folder_);
  }
  ~Draft() {
    std::error_code ignored;
    if (!named_) fs::remove_all(folder_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  fs::path operator/(const std::string& name) const { return folder_ / name; }
  void giveName() {
    syncFolder(folder_);
    renameDurably(folder_, directory_);
    named_ = true;
  }

 private:
  const fs::path directory_;
  const fs::path folder_;
  bool named_ = false;
};

/// The moment of one store.
struct Moment {
  BackedUpStore store;
  std::unique_ptr<StoreMoment> there;
};

std::vector<Moment> takeMoments(const std::vector<StoreSource>& stores) {
  std::vector<Moment> moments;
  for (const auto& source : stores) {
    Moment& moment = moments.emplace_back();
    moment.store.owner = source.owner;
    moment.store.file = source.owner + ".db";
    moment.there = source.take_moment();
    moment.store.taken = timeNow();
    moment.store.schema_version = moment.there->schemaVersion();
  }
  return moments;
}

void requireSpace(const fs::path& folder, std::uint64_t bytes) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= bytes + kSpareBytes) return;
  throw Error::app("BACKUP_NO_SPACE", fmt::format("The stores have {} bytes, and {} has {} free.",
                                                  bytes, folder.string(), space.available));
}

void copyOne(Moment& moment, const fs::path& copy, const CopyPace& pace) {
  const CopyCondition condition = moment.there->copyTo(copy, pace);
  moment.there.reset();
  if (condition.integrity != "ok") {
    throw Error::app("STORE_DAMAGED", fmt::format("The store of '{}' is damaged: {}.",
                                                  moment.store.owner, condition.integrity));
  }
  moment.store.integrity = condition.integrity;
  const FileDigest digest = digestOf(copy);
  moment.store.size_bytes = digest.size_bytes;
  moment.store.sha256 = digest.sha256;
}

[[noreturn]] void damaged(const std::string& what) {
  throw Error::app("BACKUP_DAMAGED", what);
}

void checkStore(const fs::path& folder, const BackedUpStore& store) {
  const fs::path copy = folder / store.file;
  std::error_code ignored;
  if (!fs::is_regular_file(copy, ignored)) damaged(fmt::format("{} is missing.", copy.string()));
  const FileDigest digest = digestOf(copy);
  if (digest.size_bytes != store.size_bytes) {
    damaged(fmt::format("{} has {} bytes; it had {}.", copy.string(), digest.size_bytes,
                        store.size_bytes));
  }
  if (digest.sha256 != store.sha256)
    damaged(fmt::format("{} was changed: its SHA-256 is another one.", copy.string()));
  const CopyCondition condition = examineCopy(copy);
  if (condition.integrity != "ok")
    damaged(fmt::format("{} is damaged: {}.", copy.string(), condition.integrity));
  if (condition.schema_version != store.schema_version) {
    damaged(fmt::format("{} is at migration {}, and the manifest says {}.", copy.string(),
                        condition.schema_version, store.schema_version));
  }
}

void refuseExtraFiles(const fs::path& folder, const BackupManifest& manifest) {
  for (const auto& entry : fs::directory_iterator{folder}) {
    const std::string name = entry.path().filename().string();
    const bool known = name == kManifestName ||
                       std::any_of(manifest.stores.begin(), manifest.stores.end(),
                                   [&](const BackedUpStore& store) { return store.file == name; });
    if (!known) damaged(fmt::format("{} is no part of the backup.", entry.path().string()));
  }
}

}  // namespace

std::vector<StoreFile> storesIn(const fs::path& folder) {
  std::vector<StoreFile> stores;
  std::error_code error;
  for (fs::directory_iterator file{folder, error}, end; !error && file != end;
       file.increment(error)) {
    const std::string owner = file->path().stem().string();
    if (file->path().extension() == ".db" && isStoreOwner(owner) && file->is_regular_file())
      stores.push_back({owner, file->path()});
  }
  std::sort(stores.begin(), stores.end(), [](const StoreFile& a, const StoreFile& b) {
    return std::pair{a.owner == kHost, a.owner} < std::pair{b.owner == kHost, b.owner};
  });
  return stores;
}

std::vector<StoreSource> readHere(const std::vector<StoreFile>& stores) {
  std::vector<StoreSource> sources;
  sources.reserve(stores.size());
  for (const auto& store : stores) {
    sources.push_back(
        {store.owner, [file = store.database] { return std::make_unique<StoreSnapshot>(file); }});
  }
  return sources;
}

BackupManifest writeBackup(const BackupOrder& order) {
  std::error_code ignored;
  const fs::path directory = fs::absolute(order.directory).lexically_normal();
  if (fs::exists(fs::symlink_status(directory, ignored))) {
    throw Error::app("BACKUP_EXISTS", fmt::format("{} exists; a backup is made under a new name.",
                                                  directory.string()));
  }
  BackupManifest manifest{order.host_version, timeNow(), {}, order.plugins, {}};
  Draft draft{directory};
  auto moments = takeMoments(order.stores);
  std::uint64_t bytes = 0;
  for (const auto& moment : moments) bytes += moment.there->sizeBytes();
  requireSpace(directory.parent_path(), bytes);
  if (order.on_total) order.on_total(bytes);
  for (auto& moment : moments) {
    copyOne(moment, draft / moment.store.file, order.pace);
    manifest.stores.push_back(std::move(moment.store));
  }
  manifest.finished = timeNow();
  writeDurably(draft / kManifestName, manifest.text() + "\n");
  draft.giveName();
  return manifest;
}

BackupManifest verifyBackup(const fs::path& folder) {
  BackupManifest manifest = BackupManifest::load(folder);
  for (const auto& store : manifest.stores) checkStore(folder, store);
  refuseExtraFiles(folder, manifest);
  return manifest;
}

}  // namespace bulkhead::host::data
