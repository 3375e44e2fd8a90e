#include "plugins/plugin_description.hpp"

#include <chrono>

#include "config/plugin_settings.hpp"
#include "data/migrations.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::seconds kMigrationPatience{60};

PluginSetting crossingSetting(const TypedValue& value) {
  switch (value.type()) {
    case SettingType::Integer:
    case SettingType::DurationMs:
      return value.integer();
    case SettingType::Number:
      return value.number();
    case SettingType::Boolean:
      return std::int64_t{value.boolean() ? 1 : 0};
    case SettingType::String:
    case SettingType::Url:
    case SettingType::Secret:
    case SettingType::Enum:
      break;
  }
  return value.isSecret() ? std::string{value.secret().reveal()} : value.text();
}

}  // namespace

PluginDescription describePlugin(const std::filesystem::path& path) {
  PluginDescription plugin;
  plugin.file = readPluginFile(path);
  const PluginNotes notes = readPluginNotes(plugin.file);
  plugin.manifest = Manifest::parse(notes.manifest, path.string());
  plugin.migrations = parseMigrations(notes.migrations, path.string());
  return plugin;
}

std::map<std::string, PluginSetting> readSettings(const Manifest& manifest,
                                                  const PropertiesFile& conf,
                                                  const Variables& variables) {
  const ReadSettings read = readPluginSettings(manifest.id, manifest.settings, conf, variables);
  if (!read.problems.empty()) {
    std::string reason;
    for (const auto& problem : read.problems)
      reason += (reason.empty() ? "" : " ") + problem.sentence();
    throw PluginRefusal{PluginState::Refused, reason};
  }
  std::map<std::string, PluginSetting> settings;
  for (const auto& declared : manifest.settings) {
    const auto found = read.values.find(declared.name);
    settings[declared.name] =
        found == read.values.end() ? PluginSetting{} : crossingSetting(found->second);
  }
  return settings;
}

std::function<void(data::Store&)> migrationOf(const PluginDescription& plugin,
                                              std::string_view engine) {
  std::vector<data::Migration> migrations;
  for (const auto& migration : plugin.migrations) {
    if (migration.engine == engine)
      migrations.push_back({migration.number, migration.name, migration.sql});
  }
  return [id = plugin.manifest.id, migrations = std::move(migrations)](data::Store& store) {
    data::migrate(store, id, migrations, std::chrono::steady_clock::now() + kMigrationPatience);
  };
}

}  // namespace bulkhead::host
