#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead {

/// 503: `names` are the settings that are missing, as a person reads them: "client_id and secret".
inline Error notConfigured(std::string_view plugin, std::string_view names) {
  std::string message{"Set "};
  message.append(names).append(" in conf/plugins.d/").append(plugin).append(".properties.");
  return Error::configuration("NOT_CONFIGURED", message);
}

/// Settings without which a plugin can do nothing: it starts all the same, says so in its health,
/// and refuses with their names. Any thread.
class RequiredSettings {
 public:
  using Setting = std::pair<std::string_view, std::string_view>;

  /// Names and values; an empty value is not set.
  RequiredSettings(std::string_view plugin, std::initializer_list<Setting> settings)
      : plugin_{plugin} {
    for (const auto& [name, value] : settings) {
      if (!value.empty()) continue;
      if (!missing_.empty()) missing_ += " and ";
      missing_ += name;
    }
  }

  /// The names of those that are not set; empty when nothing is missing.
  const std::string& missing() const noexcept { return missing_; }
  /// Throws notConfigured() when one is missing.
  void require() const {
    if (!missing_.empty()) throw notConfigured(plugin_, missing_);
  }

 private:
  std::string plugin_;
  std::string missing_;
};

}  // namespace bulkhead
