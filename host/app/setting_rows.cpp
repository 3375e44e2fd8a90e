#include "app/setting_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <bulkhead/error.hpp>

#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

SettingDescription described(const ConfiguredPlugin& plugin, const SettingDeclaration& declaration,
                             const ReadSettings& read, bool live) {
  SettingDescription row;
  row.name = declaration.name;
  row.type = settingTypeName(declaration.type);
  row.accepts = expectation(declaration) + (declaration.required ? ", required" : "");
  row.default_text = declaration.default_text.value_or("");
  row.variables = {environmentName(plugin.id + "." + declaration.name)};
  row.help = declaration.help;
  row.live = live;
  row.origin = "default";
  if (const auto value = read.values.find(declaration.name); value != read.values.end())
    row.value = value->second.display();
  if (const auto origin = read.origins.find(declaration.name); origin != read.origins.end())
    row.origin = origin->second.text();
  row.is_default = row.origin == "default";
  return row;
}

void addPlugin(const ConfiguredPlugin& plugin, std::vector<SettingRow>& rows) {
  for (const auto& declaration : reservedPluginDeclarations())
    rows.push_back({plugin.id, described(plugin, declaration, plugin.reserved,
                                         isLivePluginKey(declaration.name))});
  if (!plugin.manifest) return;
  for (const auto& declaration : plugin.manifest->settings)
    rows.push_back({plugin.id, described(plugin, declaration, plugin.own, false)});
}

std::vector<SettingRow> rowsOf(const Configuration& configuration,
                               const std::vector<ConfiguredPlugin>& plugins, bool with_unlisted) {
  std::vector<SettingRow> rows;
  for (const auto& setting : configuration.describe()) rows.push_back({"", setting});
  for (const auto& plugin : plugins) {
    if (plugin.conf || with_unlisted) addPlugin(plugin, rows);
  }
  return rows;
}

bool isMeant(const SettingRow& row, std::string_view word) {
  const std::string name = row.fullName();
  const auto& variables = row.setting.variables;
  return name == word || name.starts_with(std::string{word} + ".") ||
         std::find(variables.begin(), variables.end(), word) != variables.end();
}

}  // namespace

std::string SettingRow::fullName() const {
  return plugin.empty() ? setting.name : plugin + "." + setting.name;
}

std::vector<SettingRow> valueRows(const Configuration& configuration) {
  return valueRows(configuration, readConfiguredPlugins(configuration));
}

std::vector<SettingRow> valueRows(const Configuration& configuration,
                                  const std::vector<ConfiguredPlugin>& plugins) {
  return rowsOf(configuration, plugins, false);
}

std::vector<SettingRow> declaredRows(const Configuration& configuration) {
  return rowsOf(configuration, readConfiguredPlugins(configuration), true);
}

std::vector<SettingRow> chosenRows(std::vector<SettingRow> rows, std::string_view word) {
  if (word.empty()) return rows;
  std::vector<SettingRow> chosen;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(chosen),
               [&](const SettingRow& row) { return isMeant(row, word); });
  if (!chosen.empty()) return chosen;
  std::vector<std::string> names;
  for (const auto& row : rows) {
    names.push_back(row.fullName());
    names.insert(names.end(), row.setting.variables.begin(), row.setting.variables.end());
  }
  const std::string nearest = nearestName(word, names);
  throw Error::app("UNKNOWN_SETTING",
                   fmt::format("there is no setting '{}'{}", word,
                               nearest.empty() ? "; see bulkhead config describe"
                                               : fmt::format("; did you mean '{}'?", nearest)));
}

void writeRow(JsonWriter& out, const SettingRow& row) {
  const SettingDescription& setting = row.setting;
  out.beginObject();
  if (!row.plugin.empty()) out.member("plugin", row.plugin);
  out.member("name", setting.name);
  out.member("type", setting.type);
  out.member("value", setting.value);
  out.member("origin", setting.origin);
  out.member("is_default", setting.is_default);
  out.member("default", setting.default_text);
  out.member("accepts", setting.accepts);
  out.member("variables", [&](JsonWriter& list) {
    list.array(setting.variables,
               [](JsonWriter& item, const std::string& name) { item.value(name); });
  });
  out.member("changes", setting.live ? "live" : "restart");
  out.member("help", setting.help);
  out.endObject();
}

std::string valueLine(const SettingRow& row) {
  return fmt::format("{} = {}  ({})", row.fullName(), row.setting.value, row.setting.origin);
}

std::string describedLines(const SettingRow& row) {
  const SettingDescription& setting = row.setting;
  return fmt::format("{} = {}\n    {}; {}; {}\n    {}\n", row.fullName(), setting.default_text,
                     setting.accepts, fmt::join(setting.variables, " or "),
                     setting.live ? "a reload changes it" : "a change needs a restart",
                     setting.help);
}

}  // namespace bulkhead::host
