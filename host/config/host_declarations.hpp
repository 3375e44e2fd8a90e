#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/host_settings.hpp"
#include "config/typed_value.hpp"

namespace bulkhead::host {

/// One setting of the host: the only place that knows its name, bounds, variables and field.
struct HostSetting {
  SettingDeclaration declaration;
  /// Well-known variables, strongest first; the setting's own name in upper case with underscores
  /// is one as well, and the weakest.
  std::vector<std::string> variables;
  void (*apply)(HostSettings& settings, const TypedValue& value);
  /// What was expected instead, or "" for a good value; beyond what the declaration says.
  std::string (*check)(const TypedValue& value) = nullptr;
  /// A secret that is a URL or path: printed with user and password hidden instead of "******".
  bool shown_as_url = false;
  bool live = false;  ///< a reload changes it in the running host; others wait for a restart

  /// `variables` and the own name, without repeats.
  std::vector<std::string> allVariables() const;
  /// The name that operators know: the first variable.
  std::string mainVariable() const { return allVariables().front(); }
  /// What may be printed of a value of this setting.
  std::string display(const TypedValue& value) const;
};

/// Every setting of the host, in the order in which it is read and printed: a default that depends
/// on another setting comes after it.
std::span<const HostSetting> hostDeclarations();

/// The setting of a name, or nullptr.
const HostSetting* findHostSetting(std::string_view name);

}  // namespace bulkhead::host
