#include "app/egress_settings.hpp"

#include <chrono>

#include "egress/outbound_log.hpp"

namespace bulkhead::host {

egress::EgressOptions egressOptions(const HostSettings& settings, const std::string& version,
                                    monitoring::OutboundMetrics& metrics) {
  using std::chrono::milliseconds;
  const HostSettings::Egress& wanted = settings.egress;
  egress::EgressOptions options;
  options.allowed_networks = wanted.allow_networks;
  options.plain_http = wanted.plain_http;
  options.ca_file = wanted.ca_file;
  options.timeout = milliseconds{wanted.timeout_ms};
  options.connect_timeout = milliseconds{wanted.connect_timeout_ms};
  options.idle_timeout = milliseconds{wanted.idle_timeout_ms};
  options.body_bytes_max = static_cast<std::size_t>(wanted.body_bytes);
  options.connections_per_host = static_cast<std::size_t>(wanted.connections_per_host);
  options.requests_max = static_cast<std::size_t>(wanted.requests);
  options.user_agent = "Bulkhead/" + version;
  options.on_completed = [&metrics](const egress::OutboundRecord& record) {
    metrics.observe(record.plugin, record.host, egress::nameOf(record.outcome), record.elapsed);
  };
  return options;
}

}  // namespace bulkhead::host
