#include "plugins/home_settings.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::host {
namespace {

using nlohmann::json;

PluginSetting settingOf(const TypedValue& value) {
  if (value.isSecret()) return std::string{value.secret().reveal()};
  switch (value.type()) {
    case SettingType::Integer:
    case SettingType::DurationMs:
      return value.integer();
    case SettingType::Boolean:
      return std::int64_t{value.boolean() ? 1 : 0};
    case SettingType::Number:
      return value.number();
    default:
      return value.text();
  }
}

PluginSetting defaultOf(const SettingDeclaration& declaration) {
  if (!declaration.default_text) return std::monostate{};
  if (declaration.default_text->empty()) return std::string{};
  const auto value = parseValue(declaration, *declaration.default_text);
  return value ? settingOf(*value) : PluginSetting{};
}

}  // namespace

HomeSettings homeSettings(const std::vector<SettingDeclaration>& declarations,
                          const std::map<std::string, TypedValue, std::less<>>& values) {
  HomeSettings settings;
  for (const auto& declaration : declarations) {
    const auto found = values.find(declaration.name);
    settings[declaration.name] =
        found == values.end() ? defaultOf(declaration) : settingOf(found->second);
  }
  return settings;
}

std::string toJson(const HomeSettings& settings) {
  json document = json::object();
  for (const auto& [name, setting] : settings) {
    document[name] = std::visit(
        [](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
            return json{};
          } else {
            return json(value);
          }
        },
        setting);
  }
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

HomeSettings homeSettingsFrom(std::string_view text) {
  HomeSettings settings;
  const json document = json::parse(text);
  for (const auto& [name, value] : document.items()) {
    if (value.is_number_integer()) {
      settings[name] = value.get<std::int64_t>();
    } else if (value.is_number()) {
      settings[name] = value.get<double>();
    } else if (value.is_string()) {
      settings[name] = value.get<std::string>();
    } else {
      settings[name] = std::monostate{};
    }
  }
  return settings;
}

}  // namespace bulkhead::host
