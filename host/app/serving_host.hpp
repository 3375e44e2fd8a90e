#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/access_log.hpp"
#include "app/admin_audit.hpp"
#include "app/backup_desk.hpp"
#include "app/change_desk.hpp"
#include "app/client_limits.hpp"
#include "app/home_sinks.hpp"
#include "app/job_routes.hpp"
#include "app/live_configuration.hpp"
#include "app/passed_sockets.hpp"
#include "app/peer_policy.hpp"
#include "app/plugin_change_routes.hpp"
#include "app/plugin_facts.hpp"
#include "app/request_pipeline.hpp"
#include "app/route_catalog.hpp"
#include "app/serving_tls.hpp"
#include "app/takeover_desk.hpp"
#include "cache/cache_sweeper.hpp"
#include "cache/lru_cache.hpp"
#include "capabilities/capability_router.hpp"
#include "capabilities/event_carrier.hpp"
#include "capabilities/job_dispatcher.hpp"
#include "config/configuration.hpp"
#include "data/store_options.hpp"
#include "egress/egress.hpp"
#include "health/health_endpoints.hpp"
#include "health/health_registry.hpp"
#include "http/front.hpp"
#include "monitoring/monitoring_endpoints.hpp"
#include "monitoring/outbound_metrics.hpp"
#include "plugins/supervisor.hpp"
#include "security/authenticator.hpp"
#include "security/security_log.hpp"

namespace bulkhead::host {

/// Where one of the host's listeners came from.
struct ListenerOrigin {
  Service::Audience audience = Service::Audience::Public;
  bool by_service_manager = false;
  std::optional<std::size_t> place{};  ///< among those of the host whose place this one takes
};

/// The running host: every part of it, in the order in which they stand on each other.
/// Life, from one thread: constructor, listen(), boot(), drain(), destructor. One that starts
/// beside another to take its place: constructor, listen(), boot(), openDoors(), succeed(), and
/// becomeAlone() from any thread once the other has ended.
class ServingHost {
 public:
  /// Whether another host writes the same stores meanwhile, by turns.
  enum class Start { Alone, BesideAnother };

  /// `configuration` was read from `sources` and outlives the host.
  ServingHost(ConfigurationSources sources, const Configuration& configuration,
              Start start = Start::Alone);
  ~ServingHost();
  ServingHost(const ServingHost&) = delete;
  ServingHost& operator=(const ServingHost&) = delete;

  /// Reads the plugins' settings, opens the listeners, or takes over those that are open already,
  /// and answers probes from here on (beside another: from openDoors() on). Throws Error
  /// (configuration, PORT_IN_USE ...).
  void listen(std::vector<InheritedListener> inherited = {});
  /// Starts the plugins, one after the other; none of them can make it fail. Then the host is
  /// ready.
  void boot();
  /// Accepts connections beside the other host. Returns the places of the listeners that were its.
  /// Throws Error app TAKEOVER_REFUSED when this host is not ready: a required plugin is closed.
  std::vector<std::size_t> openDoors();
  /// The other host stops: what was its is this one's.
  void succeed();
  /// The other host has ended: the stores are this one's alone.
  void becomeAlone();
  /// Makes boot() return soon: plugins that have not begun to start never will. Any thread.
  void stopBooting() { supervisor_.stopBooting(); }
  /// Reads the configuration anew and takes over what may change while the host runs; the log says
  /// what was done. `trigger` is for the log: "SIGHUP". Any thread.
  ReloadReport reload(std::string_view trigger);
  /// The same for SIGHUP, which no request asked for: its audit row names the signal.
  void reloadOnSignal();
  /// Waits until the thread that called boot() is out of it, at most so long; true when it is.
  using BootEnded = std::function<bool(std::chrono::milliseconds patience)>;
  /// Readiness off, SHUTDOWN_DELAY, then no new connections, in-flight requests up to
  /// DRAIN_TIMEOUT, plugins closed in reverse order, stores checkpointed. False when something had
  /// to be left behind. What takes longer than all of that together ends the process (70).
  bool drain(const BootEnded& boot_ended);

  std::uint16_t port() const { return front_->port(); }

 private:
  data::BackupOrder backup(const std::filesystem::path& directory);
  data::StoreOptions watchedStore(const std::string& owner);
  PluginVerbs pluginVerbs();
  ClosedJobs closedJobs();
  void countCapabilityCall(const CapabilityRecord& call);
  PluginChange renewPlugin(const std::string& id, const PluginChangeOptions& options, bool enable);
  void requireReady() const;
  std::chrono::milliseconds patienceFor(const std::string& id,
                                        std::optional<std::chrono::milliseconds> asked) const;
  void logChange(const Compartment& compartment);
  void logEnd(bool clean, std::chrono::steady_clock::time_point begin) const;
  void closeStore();
  void storeLastUsed();
  std::vector<monitoring::TableCount> tableCounts();
  void addHostRoutes();
  void applyLive(const HostSettings& before, const HostSettings& after);
  void makeFront();
  void openFront(std::vector<InheritedListener> inherited);
  void startFront();
  void carryEvents();
  void openDesk();
  void closeDesk();
  void shareLeases(bool shared);
  std::vector<InheritedListener> listenersForAnother();
  void leaveTo(const std::vector<std::size_t>& places, pid_t successor);
  std::chrono::milliseconds stopDelay() const;
  std::chrono::milliseconds stopLimit() const;
  void beginStop(std::chrono::milliseconds delay, std::chrono::milliseconds timeout);
  void keepHouse();
  bool closePlugins(std::chrono::steady_clock::time_point end);
  health::HealthSources healthSources();
  monitoring::MonitoringSources monitoringSources();
  monitoring::FrontFigures frontFigures() const;
  monitoring::HostMetricSources metricSources();

  const Configuration& configuration_;
  const HostSettings& settings_;
  LiveConfiguration live_;
  const std::string version_;
  std::atomic<bool> alone_;      // no other host writes the stores
  std::atomic<bool> has_elder_;  // the one that does was there before; it seals the audit
  SystemClock clock_;
  HomeLog home_log_;
  monitoring::Metrics metrics_;
  HomeMetrics home_metrics_{metrics_};
  monitoring::OutboundMetrics outbound_metrics_{metrics_};
  egress::Egress egress_;
  HomeHttp home_http_{egress_};
  monitoring::PerformanceMonitor performance_;
  cache::LruCache cache_{{}};
  cache::CacheSweeper cache_sweeper_{{&cache_}, std::chrono::seconds{1}};
  health::HealthState state_;
  health::ResourceSampler resources_;
  std::unique_ptr<data::Store> host_store_;
  KeyStore keys_;
  AdminAudit audit_;
  SecurityLog security_log_;
  Authenticator authenticator_;
  RedisService redis_;
  ClientLimits client_limits_;
  RouteCatalog routes_;
  PeerPolicy peers_;
  ServingTls tls_;
  Lane host_lane_{"host", {4, 256}};
  Lane monitoring_lane_{"monitoring", {2, 64}};
  Lane change_lane_{"change-waits", {16, 0}};
  health::HealthRegistry registry_;
  BackupDesk backups_;
  monitoring::MetricFamily& capability_calls_;
  monitoring::MetricFamily& capability_asks_;
  CapabilityRouter capabilities_;
  monitoring::MetricFamily& messages_;
  EventCarrier carrier_;
  JobDispatcher jobs_;
  HomeBell home_bell_{carrier_, jobs_};
  Supervisor supervisor_;
  const PluginFactSources plugin_facts_;
  ChangeDesk changes_;
  health::HealthEndpoints health_endpoints_;
  monitoring::HostMetrics host_metrics_;
  monitoring::MonitoringEndpoints monitoring_endpoints_;
  RequestPipeline pipeline_;
  AccessLog access_log_;
  std::vector<PluginConf> plugin_confs_;  // from listen() to boot()
  std::vector<health::Heartbeat*> loop_beats_;
  std::unique_ptr<Front> front_;
  std::vector<ListenerOrigin> origins_;  // of the front's listeners, in their order
  std::mutex desk_mutex_;
  std::unique_ptr<TakeoverDesk> desk_;  // guarded by desk_mutex_
  std::atomic<pid_t> successor_{0};     // who has taken this host's place
  std::atomic<bool> stopping_{false};
  std::thread housekeeper_;
};

}  // namespace bulkhead::host
