#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/json_writer.hpp>

#include "app/configured_plugins.hpp"
#include "config/configuration.hpp"

namespace bulkhead::host {

/// One setting of the host or of a plugin, as `config show` and `config describe` print it. No
/// secret is in it.
struct SettingRow {
  std::string plugin;  ///< empty: the host's own
  SettingDescription setting;

  /// "server.port", "stripe.webhook_secret".
  std::string fullName() const;
};

/// What holds: the host's settings, and those of each plugin that a conf file names.
std::vector<SettingRow> valueRows(const Configuration& configuration);
std::vector<SettingRow> valueRows(const Configuration& configuration,
                                  const std::vector<ConfiguredPlugin>& plugins);
/// What there is: the host's settings, and those of each plugin, named by a conf file or not.
std::vector<SettingRow> declaredRows(const Configuration& configuration);

/// The rows that a word means: a whole name, the part before a dot, a plugin's id or a variable;
/// all for an empty word. Throws Error (app, UNKNOWN_SETTING) naming the nearest.
std::vector<SettingRow> chosenRows(std::vector<SettingRow> rows, std::string_view word);

/// Members: plugin (of plugins only), name, value, origin, default, is_default, ...
void writeRow(JsonWriter& out, const SettingRow& row);
/// "server.port = 5000  (conf/bulkhead.properties:3)".
std::string valueLine(const SettingRow& row);
/// Name, default, what is accepted, variables, help: some lines.
std::string describedLines(const SettingRow& row);

}  // namespace bulkhead::host
