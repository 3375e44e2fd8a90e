#include "app/installation_checks.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>

#include <bulkhead/error.hpp>

#include "app/data_folder.hpp"
#include "app/installed_plugins.hpp"
#include "app/serving_tls.hpp"
#include "app/store_options.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

bool isGiven(const Configuration& configuration, std::string_view setting) {
  const auto& all = configuration.describe();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == setting; });
  return found != all.end() && !found->is_default;
}

void checkData(const HostSettings& settings, InstallationFindings& findings) {
  const fs::path& folder = settings.paths.data_dir;
  if (const std::string why = whyUnusable(folder); !why.empty()) {
    findings.problems.push_back(
        fmt::format("DATA_DIR {} cannot be used: {}.", folder.string(), why));
  }
  if (settings.database.url.empty()) return;  // it was refused where it stands
  try {
    const data::StoreOptions options = storeOptions(settings, "host");
    if (data::engineOf(options) == data::Engine::Postgresql) return;
    const fs::path stores = data::fileOf(options).parent_path();
    if (const std::string why = whyUnusable(stores); stores != folder && !why.empty()) {
      findings.notices.push_back(
          fmt::format("DATABASE_URL names {}, which cannot be used: {}.", stores.string(), why));
    }
  } catch (const Error& error) {
    findings.problems.push_back(error.message());
  }
}

void checkPlugins(const Configuration& configuration, InstallationFindings& findings) {
  const fs::path& conf = configuration.settings().paths.plugin_conf_dir;
  std::error_code ignored;
  if (!fs::exists(conf, ignored)) {
    auto& list = isGiven(configuration, "plugin.conf_dir") ? findings.problems : findings.notices;
    list.push_back(fmt::format(
        "There is no folder {} (PLUGIN_CONF_DIR), so that no plugin is enabled.", conf.string()));
  }
  const fs::path files = pluginFolder(configuration.settings());
  if (!fs::is_directory(files, ignored)) {
    findings.notices.push_back(fmt::format(
        "There is no folder {} (PLUGIN_DIR), so that no plugin is found.", files.string()));
  }
}

void checkLog(const HostSettings& settings, InstallationFindings& findings) {
  const fs::path& file = settings.logging.file;
  if (file.empty()) return;
  std::error_code ignored;
  const fs::path folder = fs::absolute(file, ignored).parent_path();
  std::string why =
      fs::is_directory(folder, ignored) ? whyUnusable(folder) : folder.string() + " is no folder";
  if (fs::exists(file, ignored)) why = fs::is_directory(file, ignored) ? "it is a folder" : "";
  if (why.empty()) return;
  findings.notices.push_back(fmt::format(
      "LOG_FILE {} cannot be written: {}. Lines go to standard output alone.", file.string(), why));
}

void checkListening(const Configuration& configuration, InstallationFindings& findings) {
  const HostSettings& settings = configuration.settings();
  const auto& addresses = settings.server.bind_addresses;
  const bool everywhere = std::any_of(addresses.begin(), addresses.end(), [](const auto& address) {
    return address == "0.0.0.0" || address == "::";
  });
  const bool meant = settings.isProduction() || isGiven(configuration, "server.bind_address");
  if (!everywhere || meant) return;
  findings.notices.emplace_back(
      "Development mode shows internal messages and listens on every address of this machine; "
      "BIND_ADDRESS=127.0.0.1 keeps it here.");
}

void checkTls(const HostSettings& settings, InstallationFindings& findings) {
  if (settings.tls.certificate.empty() || settings.tls.key.empty()) return;
  try {
    const ServingTls tls{settings.tls};
    if (const std::string why = tls.whyRenew(); !why.empty()) findings.notices.push_back(why);
  } catch (const Error& error) {
    findings.problems.push_back(error.message());
  }
}

}  // namespace

InstallationFindings checkInstallation(const ConfigurationReading& reading) {
  const Configuration& configuration = reading.configuration;
  InstallationFindings findings;
  for (const auto& problem : reading.problems) findings.problems.push_back(problem.sentence());
  checkData(configuration.settings(), findings);
  checkPlugins(configuration, findings);
  checkLog(configuration.settings(), findings);
  checkListening(configuration, findings);
  checkTls(configuration.settings(), findings);
  return findings;
}

}  // namespace bulkhead::host
