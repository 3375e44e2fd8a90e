#include "data/restore.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "data/backup.hpp"
#include "data/durable_file.hpp"
#include "data/write_lease.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kStaging = "restore.staging";  ///< the copies, until they have their places
constexpr const char* kPlan = "restore.json";
constexpr const char* kPlanDraft = "restore.json.new";
constexpr const char* kLease = "restore";  ///< restore.lease: one restore at a time

/// What a restore does once it is decided; the same steps however often they are begun.
struct Plan {
  std::vector<std::string> restored;
  std::vector<std::string> set_aside;
  fs::path aside;
  std::vector<std::string> outdated;
};

fs::path storeOf(const fs::path& folder, const std::string& owner) {
  return folder / (owner + ".db");
}

bool isThere(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::string textOf(const Plan& plan) {
  const auto list = [](const std::vector<std::string>& texts) {
    return [&texts](JsonWriter& out) {
      out.array(texts, [](JsonWriter& item, const std::string& text) { item.value(text); });
    };
  };
  return toJson([&](JsonWriter& out) {
    out.object("restored", list(plan.restored), "set_aside", list(plan.set_aside), "aside",
               plan.aside.string(), "outdated", list(plan.outdated));
  });
}

Plan planFrom(const std::string& text) {
  try {
    const Json document = Json::parse(text);
    return {document.at("restored"), document.at("set_aside"),
            document.at("aside").get<std::string>(), document.at("outdated")};
  } catch (const Json::exception& error) {
    throw Error::app("RESTORE_PLAN_DAMAGED", fmt::format("{}: {}.", kPlan, error.what()));
  }
}

/// The right to write each of the stores, until the end of the restore.
std::vector<WriteLease> leasesOf(const fs::path& folder, const std::set<std::string>& owners) {
  std::vector<WriteLease> leases;
  for (const auto& owner : owners) leases.push_back(WriteLease::acquire(storeOf(folder, owner)));
  return leases;
}

/// The folder goes last: while it is there, there is something to discard.
void discardStaging(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(folder / kPlanDraft, ignored);
  fs::remove_all(folder / kStaging, ignored);
}

void moveIfThere(const fs::path& from, const fs::path& to) {
  if (isThere(from)) renameDurably(from, to);
}

/// The log goes first: a database is never left with the log of another one.
void setAside(const fs::path& folder, const fs::path& aside, const std::string& owner) {
  const std::string name = owner + ".db";
  fs::remove(folder / (name + "-shm"));
  for (const std::string& file : {name + "-wal", name}) moveIfThere(folder / file, aside / file);
}

void carryOut(const fs::path& folder, const Plan& plan) {
  if (!plan.set_aside.empty() && !isThere(plan.aside)) makePrivateFolder(plan.aside);
  for (const auto& owner : plan.set_aside) {
    const bool replaced = std::count(plan.restored.begin(), plan.restored.end(), owner) > 0;
    // once its copy is gone from the staging folder, what is in its place is the restored one
    if (!replaced || isThere(storeOf(folder / kStaging, owner))) setAside(folder, plan.aside, owner);
  }
  for (const auto& owner : plan.restored)
    moveIfThere(storeOf(folder / kStaging, owner), storeOf(folder, owner));
  for (const auto& file : plan.outdated) fs::remove(file);
  syncFolder(folder);
  fs::remove(folder / kPlan);
  syncFolder(folder);
  discardStaging(folder);
}

void checkSchemas(const RestoreOrder& order, RestoreReport& report) {
  for (const auto& store : report.manifest.stores) {
    const auto known = order.known_schema(store.owner);
    if (!known) report.unknown.push_back(store.owner);
    if (!known || store.schema_version <= *known) continue;
    throw Error::app(
        "SCHEMA_TOO_NEW",
        fmt::format("The backup of '{}' is at migration {}, but what is installed knows only {}. "
                    "Install the newer version, or restore an older backup.",
                    store.owner, store.schema_version, *known));
  }
}

/// The copies beside the stores, on the same disk, so that they get their places by renaming.
void stage(const RestoreOrder& order, const BackupManifest& manifest) {
  const fs::path staging = order.folder / kStaging;
  makePrivateFolder(staging);
  for (const auto& store : manifest.stores) {
    const fs::path copy = staging / store.file;
    std::error_code error;
    fs::copy_file(order.backup / store.file, copy, error);
    if (error) throw fileFailed(copy, error.value());
    fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write);
    syncFile(copy);
    if (digestOf(copy).sha256 != store.sha256) {
      throw Error::app("BACKUP_DAMAGED",
                       fmt::format("{} was changed while it was copied.", store.file));
    }
  }
  syncFolder(staging);
}

Plan planOf(const RestoreOrder& order, const BackupManifest& manifest,
            const std::vector<StoreFile>& present) {
  Plan plan;
  for (const auto& store : manifest.stores) plan.restored.push_back(store.owner);
  for (const auto& store : present) plan.set_aside.push_back(store.owner);
  for (const auto& file : order.outdated) plan.outdated.push_back(fs::absolute(file).string());
  plan.aside = order.folder / ("replaced-" + Poco::DateTimeFormatter::format(Poco::Timestamp{},
                                                                             "%Y%m%dT%H%M%S%iZ"));
  return plan;
}

void writeDown(const fs::path& folder, const Plan& plan) {
  writeDurably(folder / kPlanDraft, textOf(plan));
  renameDurably(folder / kPlanDraft, folder / kPlan);
}

bool finish(const fs::path& folder) {
  const bool decided = isThere(folder / kPlan);
  if (!decided && !isThere(folder / kStaging)) return false;
  if (decided) {
    const Plan plan = planFrom(readWhole(folder / kPlan));
    std::set<std::string> owners{plan.restored.begin(), plan.restored.end()};
    owners.insert(plan.set_aside.begin(), plan.set_aside.end());
    const auto leases = leasesOf(folder, owners);
    carryOut(folder, plan);
  }
  discardStaging(folder);
  return true;
}

}  // namespace

RestoreReport restoreBackup(const RestoreOrder& given) {
  RestoreOrder order{given};
  order.folder = fs::absolute(given.folder).lexically_normal();
  RestoreReport report{verifyBackup(order.backup), {}, {}, {}, {}};
  checkSchemas(order, report);
  const WriteLease lease = WriteLease::acquire(order.folder / kLease);
  finish(order.folder);
  const auto present = storesIn(order.folder);
  if (!present.empty() && !order.replace) {
    throw Error::app("RESTORE_WOULD_REPLACE",
                     fmt::format("{} has stores already. --force replaces them; they are kept "
                                 "aside.",
                                 order.folder.string()));
  }
  const Plan plan = planOf(order, report.manifest, present);
  std::set<std::string> owners{plan.restored.begin(), plan.restored.end()};
  owners.insert(plan.set_aside.begin(), plan.set_aside.end());
  const auto leases = leasesOf(order.folder, owners);
  try {
    stage(order, report.manifest);
    writeDown(order.folder, plan);
  } catch (...) {
    if (!isThere(order.folder / kPlan)) discardStaging(order.folder);
    throw;
  }
  carryOut(order.folder, plan);
  report.restored = plan.restored;
  report.set_aside = plan.set_aside;
  if (!plan.set_aside.empty()) report.aside = plan.aside;
  return report;
}

bool finishRestore(const fs::path& given) {
  const fs::path folder = fs::absolute(given).lexically_normal();
  if (!isThere(folder / kPlan) && !isThere(folder / kStaging)) return false;
  const WriteLease lease = WriteLease::acquire(folder / kLease);
  return finish(folder);
}

}  // namespace bulkhead::host::data
