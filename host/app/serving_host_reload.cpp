#include <fmt/format.h>

#include "app/configuration_routes.hpp"
#include "app/reload_log.hpp"
#include "app/service_notice.hpp"
#include "app/serving_host.hpp"
#include "app/uncaught_failures.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"
#include "plugins/plugin_limits.hpp"

namespace bulkhead::host {

using std::chrono::milliseconds;

ReloadReport ServingHost::reload(std::string_view trigger) {
  ReloadReport report;
  if (state_.phase() != health::Phase::Ready) {
    report.outcome = ReloadReport::Outcome::Refused;
    report.problems.emplace_back("The host is starting or stopping; try again when it is ready.");
  } else {
    notifyReloading();
    report = live_.reload({[this](const HostSettings& before, const HostSettings& after) {
                             applyLive(before, after);
                           },
                           [this](const ConfiguredPlugin& plugin) {
                             supervisor_.setLimits(plugin.id,
                                                   effectiveLimits(*plugin.conf, plugin.manifest),
                                                   plugin.conf->required);
                           }});
  }
  logReload(report, trigger);
  if (state_.phase() == health::Phase::Ready) notifyService("READY=1\n");
  return report;
}

void ServingHost::reloadOnSignal() {
  const ReloadReport report = reload("SIGHUP");
  if (report.outcome != ReloadReport::Outcome::Reloaded) return;
  audit_.record({.actor = "host", .origin = "SIGHUP", .request_id = {}},
                {"config.reload", "config", {}, reloadJson(report)});
}

/// What may fail comes first, so that nothing has changed when it does.
void ServingHost::applyLive(const HostSettings& before, const HostSettings& after) {
  const ServingTls::Context certificate = tls_.read(after.tls);
  LogSystem* logging = LogSystem::current();
  if (logging != nullptr && before.logging.file != after.logging.file &&
      !logging->configureFile(after.logging.file)) {
    throw Error::configuration(
        "LOG_FILE", fmt::format("log.file {} cannot be opened.", after.logging.file.string()));
  }
  tls_.use(certificate);
  front_->setTls(certificate);
  peers_.replace(after.monitoring.allow_cidrs, after.security.trusted_proxies);
  client_limits_.replace(after);
  performance_.setThresholds(
      {milliseconds{after.monitoring.slow_query_ms}, milliseconds{after.monitoring.slow_api_ms}});
  access_log_.setSlowRequest(milliseconds{after.monitoring.slow_request_ms});
  health_endpoints_.setDetails(health::detailsPolicy(after.monitoring.health_details));
  setExitOnUnhandled(after.server.exit_on_unhandled);
  if (logging != nullptr && before.logging.level != after.logging.level)
    logging->configureLevel(findLevel(after.logging.level).value_or(Level::Info));
}

}  // namespace bulkhead::host
