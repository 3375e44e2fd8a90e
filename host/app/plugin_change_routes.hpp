#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/route_catalog.hpp"
#include "plugins/plugin_change.hpp"
#include "security/administration.hpp"

namespace bulkhead::host {

/// How a plugin is to be changed.
struct PluginChangeOptions {
  /// What the calls of the old generation have; none: as long as one of its requests may take.
  std::optional<std::chrono::milliseconds> patience{};
  bool pause = false;  ///< the old generation ends before the next one starts; of a reload alone
  Administrator by{};  ///< who wants it
};

/// What administrators do to one plugin while the host serves. Each throws Error when it cannot
/// begin; what was tried and failed is in the answer.
struct PluginVerbs {
  using Verb = std::function<PluginChange(const std::string& id, const PluginChangeOptions&)>;

  Verb reload;
  Verb enable;
  Verb disable;
  Verb release;
};

/// The longest patience that can be asked for.
inline constexpr std::chrono::milliseconds kPluginPatienceMax{120'000};

/// POST /api/admin/plugins/{id}/{reload,enable,disable,release}?patience_ms=N&pause=true: 200 with
/// what was done, or 422 (PLUGIN_NOT_REPLACED, PLUGIN_NOT_STARTED) with the same as details. They
/// take as long as they take: see ChangeDesk.
std::vector<HostRoute> pluginChangeRoutes(const PluginVerbs& verbs);

/// As the routes answer it.
std::string pluginChangeJson(const PluginChange& change);
/// What happened, in sentences for a person.
std::string pluginChangeText(const PluginChange& change);
/// A line in the host's log.
void logPluginChange(const PluginChange& change);

}  // namespace bulkhead::host
