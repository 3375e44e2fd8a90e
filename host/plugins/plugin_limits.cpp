#include "plugins/plugin_limits.hpp"

#include <algorithm>
#include <string_view>

namespace bulkhead::host {

PluginLimits effectiveLimits(const PluginConf& conf, const std::optional<Manifest>& manifest) {
  PluginLimits limits = conf.limits;
  if (!manifest) return limits;
  const auto isSet = [&](std::string_view key) {
    return std::find(conf.given.begin(), conf.given.end(), key) != conf.given.end();
  };
  const ManifestLimits& asked = manifest->limits;
  if (!isSet("limits.threads")) limits.threads = asked.threads.value_or(limits.threads);
  if (!isSet("limits.queue")) limits.queue = asked.queue.value_or(limits.queue);
  if (!isSet("limits.deadline_ms"))
    limits.deadline_ms = asked.deadline_ms.value_or(limits.deadline_ms);
  return limits;
}

}  // namespace bulkhead::host
