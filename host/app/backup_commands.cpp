#include "app/backup_commands.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/admin_client.hpp"
#include "app/command.hpp"
#include "app/data_folder.hpp"
#include "app/installed_stores.hpp"
#include "data/restore.hpp"
#include "data/write_lease.hpp"
#include "security/schema.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kPoll{100};

fs::path directoryOf(const CommandLine& line) {
  return fs::absolute(line.argument(0, "DIR")).lexically_normal();
}

Json bodyOf(const HttpResponse& response) {
  Json body = Json::parse(response.body, nullptr, false);
  if (response.status < 300) return body;
  const Json error = body.is_object() ? body.value("error", Json::object()) : Json::object();
  throw Error::app(error.value("code", "REFUSED"),
                   error.value("message", fmt::format("The host answered {}.", response.status)));
}

/// Has the running host write it, and waits.
data::BackupManifest backupByHost(const AdminClient& client, const fs::path& directory) {
  const std::string order =
      toJson([&](JsonWriter& out) { out.object("directory", directory.string()); });
  bodyOf(client.callRunning("POST", "/api/admin/backups", order));
  for (;;) {
    const Json backup = bodyOf(client.callRunning("GET", "/api/admin/backups/last"));
    const std::string state = backup.at("state");
    const bool ours = backup.at("directory") == directory.string();
    if (ours && state == "failed") {
      const Json& error = backup.at("error");
      throw Error::app(error.at("code").get<std::string>(), error.at("message").get<std::string>());
    }
    if (!ours || state == "done") return data::BackupManifest::load(directory);
    std::this_thread::sleep_for(kPoll);
  }
}

/// No host runs: the stores are this command's for as long as it copies.
data::BackupManifest backupHere(const Configuration& configuration, const fs::path& directory) {
  const fs::path folder = storeFolder(configuration.settings());
  const auto stores = data::storesIn(folder);
  if (stores.empty())
    throw Error::app("NO_STORE", fmt::format("There are no stores in {}.", folder.string()));
  std::vector<data::WriteLease> leases;
  leases.reserve(stores.size());
  for (const auto& store : stores) leases.push_back(data::WriteLease::acquire(store.database));
  return data::writeBackup(backupOrder(configuration, directory));
}

std::string sizeText(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  if (bytes < kMebibyte) return fmt::format("{} KiB", bytes / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / static_cast<double>(kMebibyte));
}

int printBackup(const CommandLine& line, const data::BackupManifest& manifest,
                std::string_view headline) {
  if (line.has("json")) {
    fmt::print("{}\n", Json::parse(manifest.text()).dump(2));
    return kExitOk;
  }
  fmt::print("{}\n", headline);
  for (const auto& store : manifest.stores) {
    fmt::print("  {:<24} {:>12}  migration {:<4} {}\n", store.owner, sizeText(store.size_bytes),
               store.schema_version, store.taken);
  }
  return kExitOk;
}

void requireNoHost(const AdminClient& client) {
  if (!client.isHostRunning()) return;
  throw Error::app("HOST_RUNNING", "A host runs on this data folder; stop it, and restore then.");
}

std::function<std::optional<int>(const std::string&)> knownSchemas(
    const Configuration& configuration) {
  return [plugins =
              installedPlugins(configuration)](const std::string& owner) -> std::optional<int> {
    if (owner == "host") return hostMigrations().back().number;
    const auto found = std::find_if(plugins.begin(), plugins.end(),
                                    [&](const InstalledPlugin& one) { return one.id == owner; });
    return found == plugins.end() ? std::nullopt : found->schema_max;
  };
}

void printJson(const data::RestoreReport& report) {
  const Json document{{"restored", report.restored},
                      {"set_aside", report.set_aside},
                      {"aside", report.aside.string()},
                      {"without_plugin", report.unknown},
                      {"manifest", Json::parse(report.manifest.text())}};
  fmt::print("{}\n", document.dump(2));
}

void printText(const data::RestoreReport& report, const fs::path& backup) {
  fmt::print("restored {} from {}\n", fmt::join(report.restored, ", "), backup.string());
  if (!report.set_aside.empty()) {
    fmt::print("the stores of {} that were there are in {}\n", fmt::join(report.set_aside, ", "),
               report.aside.string());
  }
  for (const auto& owner : report.unknown)
    fmt::print("no plugin '{}' is installed: its store was restored and not compared\n", owner);
}

}  // namespace

int runBackup(const CommandLine& line) {
  const fs::path directory = directoryOf(line);
  const Configuration configuration = loadConfiguration(line);
  const AdminClient client{configuration};
  const bool running = client.isHostRunning();
  const data::BackupManifest manifest =
      running ? backupByHost(client, directory) : backupHere(configuration, directory);
  return printBackup(line, manifest,
                     fmt::format("{} holds {} store{}", directory.string(), manifest.stores.size(),
                                 manifest.stores.size() == 1 ? "" : "s"));
}

int runBackupVerify(const CommandLine& line) {
  const fs::path directory = directoryOf(line);
  const data::BackupManifest manifest = data::verifyBackup(directory);
  return printBackup(line, manifest, fmt::format("{} is whole", directory.string()));
}

int runRestore(const CommandLine& line) {
  const Configuration configuration = loadConfiguration(line);
  const HostSettings& settings = configuration.settings();
  data::RestoreOrder order;
  order.backup = directoryOf(line);
  order.folder = storeFolder(settings);
  order.outdated = {settings.paths.data_dir / "keys.snapshot"};
  order.replace = line.has("force");
  order.known_schema = knownSchemas(configuration);
  data::BackupManifest::load(order.backup);  // a mistyped name is told before a folder is made
  requireNoHost(AdminClient{configuration});
  prepareDataFolder(settings.paths.data_dir);
  prepareDataFolder(order.folder);
  const data::RestoreReport report = data::restoreBackup(order);
  if (line.has("json")) {
    printJson(report);
  } else {
    printText(report, order.backup);
  }
  return kExitOk;
}

}  // namespace bulkhead::host
