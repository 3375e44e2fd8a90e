#include "data/backup_manifest.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "data/durable_file.hpp"

namespace bulkhead::host::data {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kOwnerLengthMax = 63;

void writeStore(JsonWriter& out, const BackedUpStore& store) {
  out.object("owner", store.owner, "file", store.file, "schema_version", store.schema_version,
             "taken", store.taken, "size_bytes", store.size_bytes, "sha256", store.sha256,
             "integrity", store.integrity);
}

BackedUpStore storeFrom(const Json& object) {
  BackedUpStore store{object.at("owner"),    object.at("file"),       object.at("schema_version"),
                      object.at("taken"),    object.at("size_bytes"), object.at("sha256"),
                      object.at("integrity")};
  if (isStoreOwner(store.owner) && store.file == store.owner + ".db") return store;
  throw Error::app("BACKUP_DAMAGED",
                   fmt::format("The manifest names a file '{}' of '{}'.", store.file, store.owner));
}

}  // namespace

bool isStoreOwner(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return plain && !name.empty() && name.size() <= kOwnerLengthMax && name[0] >= 'a' &&
         name[0] <= 'z';
}

std::string BackupManifest::text() const {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("format", kBackupFormat);
    out.member("engine", "sqlite");
    out.member("host_version", host_version);
    out.member("started", started);
    out.member("finished", finished);
    out.key("plugins");
    out.array(plugins, [](JsonWriter& list, const InstalledVersion& plugin) {
      list.object("id", plugin.id, "version", plugin.version);
    });
    out.key("stores");
    out.array(stores, writeStore);
    out.endObject();
  });
}

BackupManifest BackupManifest::parse(std::string_view text) {
  try {
    const Json document = Json::parse(text);
    if (const int format = document.at("format"); format > kBackupFormat) {
      throw Error::app("BACKUP_TOO_NEW",
                       fmt::format("The backup has the format {}; this version reads {}.", format,
                                   kBackupFormat));
    }
    BackupManifest manifest{document.at("host_version"), document.at("started"),
                            document.at("finished")};
    for (const auto& plugin : document.at("plugins"))
      manifest.plugins.push_back({plugin.at("id"), plugin.at("version")});
    for (const auto& store : document.at("stores")) manifest.stores.push_back(storeFrom(store));
    return manifest;
  } catch (const Json::exception& error) {
    throw Error::app("BACKUP_DAMAGED", fmt::format("{}: {}.", kManifestName, error.what()));
  }
}

BackupManifest BackupManifest::load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kManifestName;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw Error::app("NOT_A_BACKUP",
                     fmt::format("{} is no backup: it has no {}.", folder.string(), kManifestName));
  }
  return parse(readWhole(file));
}

}  // namespace bulkhead::host::data
