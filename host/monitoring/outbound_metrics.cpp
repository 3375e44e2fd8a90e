#include "monitoring/outbound_metrics.hpp"

#include "monitoring/catalogue.hpp"

namespace bulkhead::host::monitoring {

OutboundMetrics::OutboundMetrics(Metrics& metrics)
    : requests_{metrics.counter(specOf("egress_requests_total"))},
      duration_{metrics.histogram(specOf("egress_request_duration_seconds"))} {}

void OutboundMetrics::observe(std::string_view plugin, std::string_view host,
                              std::string_view outcome, std::chrono::microseconds duration) {
  requests_.counter({plugin, labelOf(plugin, host), outcome}).add();
  duration_.histogram({plugin}).observe(std::chrono::duration<double>(duration).count());
}

std::string_view OutboundMetrics::labelOf(std::string_view plugin, std::string_view host) {
  const std::lock_guard lock{mutex_};
  auto known = hosts_.find(plugin);
  if (known == hosts_.end())
    known = hosts_.emplace(plugin, std::set<std::string, std::less<>>{}).first;
  if (known->second.contains(host)) return host;
  if (known->second.size() >= kHostsMax) return "_OTHER";
  known->second.emplace(host);
  return host;
}

}  // namespace bulkhead::host::monitoring
