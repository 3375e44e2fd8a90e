#pragma once

#include <optional>

#include "config/plugin_conf.hpp"
#include "plugins/manifest.hpp"

namespace bulkhead::host {

/// The operator's limits, wherever they are written, else those that the plugin asks for, else the
/// host's.
PluginLimits effectiveLimits(const PluginConf& conf, const std::optional<Manifest>& manifest);

}  // namespace bulkhead::host
