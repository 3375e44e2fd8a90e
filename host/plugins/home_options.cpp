#include "plugins/home_options.hpp"

#include <chrono>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "config/plugin_settings.hpp"
#include "data/migrations.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::seconds kMigrationPatience{60};

}  // namespace

HomeSettings readHomeSettings(const Manifest& manifest, const PropertiesFile& conf,
                              const Variables& variables) {
  const ReadSettings read = readPluginSettings(manifest.id, manifest.settings, conf, variables);
  if (!read.problems.empty()) {
    std::string reason;
    for (const auto& problem : read.problems)
      reason += (reason.empty() ? "" : " ") + problem.sentence();
    throw PluginRefusal{PluginState::Refused, reason};
  }
  return homeSettings(manifest.settings, read.values);
}

std::function<void(data::Store&)> migrationOf(const std::string& plugin,
                                              const std::vector<EmbeddedMigration>& embedded,
                                              data::Engine engine, data::MigrationCompany company) {
  std::vector<data::Migration> migrations;
  for (const auto& migration : embedded) {
    if (migration.engine == data::nameOf(engine))
      migrations.push_back({migration.number, migration.name, migration.sql});
  }
  if (migrations.empty() && !embedded.empty()) {
    return [plugin, engine](data::Store&) {
      throw Error::configuration(
          "ENGINE_NOT_KNOWN",
          fmt::format(
              "The plugin '{}' has no schema for {}: its migrations are for another engine.",
              plugin, data::nameOf(engine)));
    };
  }
  return [plugin, company, migrations = std::move(migrations)](data::Store& store) {
    data::migrate(store, plugin, migrations, std::chrono::steady_clock::now() + kMigrationPatience,
                  company);
  };
}

}  // namespace bulkhead::host
