#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/testing/test_host.hpp>

#include "http/router.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/home_settings.hpp"
#include "plugins/library.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_file.hpp"
#include "runtime/plugin_home.hpp"
#include "testing/call_faults.hpp"
#include "testing/faked_caller.hpp"
#include "testing/fakes.hpp"
#include "testing/faulty_store.hpp"
#include "testing/faulty_wire.hpp"

namespace bulkhead::testing {

/// A plugin's library in this process, and what its file says of itself.
class LoadedPlugin {
 public:
  /// Throws Error when the host would refuse the file.
  explicit LoadedPlugin(std::string_view plugin);
  ~LoadedPlugin();
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;

  const host::Manifest& manifest() const { return manifest_; }
  const std::vector<host::EmbeddedMigration>& migrations() const { return migrations_; }
  const std::string& contracts() const { return contracts_; }
  const bulkhead_plugin& table() const { return library_.table(); }
  /// What is equal for all its homes, made once.
  const std::shared_ptr<const host::EventContracts>& events() const { return events_; }
  const std::shared_ptr<host::RouteMemory>& routes() const { return routes_; }

 private:
  explicit LoadedPlugin(const host::PluginFile& file);
  std::filesystem::path cacheFolder() const;

  host::Manifest manifest_;
  std::vector<host::EmbeddedMigration> migrations_;
  std::string contracts_;
  std::shared_ptr<const host::EventContracts> events_;
  const std::shared_ptr<host::RouteMemory> routes_ = std::make_shared<host::RouteMemory>();
  host::PluginLibrary library_;
};

/// What stands behind a TestHost: the runtime's own home and router, and everything else a fake.
class TestHost::Implementation {
 public:
  /// What a client sent, and the status that it was answered with in the end.
  struct Exchange {
    std::string request;  ///< "POST /api/booking/v1/appointments"
    int status = 0;
  };
  using SettingTexts = std::vector<std::pair<std::string, std::string>>;

  Implementation(std::shared_ptr<const LoadedPlugin> plugin, const SettingTexts& settings,
                 bool rehearse_writes);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  /// A client that is careful: what a failure answered with 5xx is sent once more, and again after
  /// the time that the answer to that asks for.
  TestResponse send(std::string_view method, std::string_view target, const Headers& headers,
                    std::string_view body);
  void actAs(std::string_view tenant, std::string_view scopes);
  /// A call of what the plugin provides, or an ask that it answers, by a plugin of the principal's.
  TestResponse enter(host::EntryKind kind, std::string_view capability, std::string_view name,
                     std::string_view request);
  std::vector<PublishedEvent> published(std::string_view capability);
  bool deliver(std::string_view capability, std::string_view event, std::string_view json,
               const Delivery& delivery);
  MessageRuns runMessages();
  JobRuns runJobs();
  std::vector<ShownJob> jobs(std::string_view queue);
  void cancelJob(std::string_view id);
  FakeCapabilities& others() { return caller_.others(); }
  std::string health(std::string_view name);
  /// Destroys the plugin and creates it anew, on the same store.
  void restart();
  void restart(const SettingTexts& settings);

  FakeClock& clock() { return clock_; }
  FakeWire& wire() { return wire_; }
  std::vector<std::string> log() const { return log_.lines(); }
  CallFaults& faults() { return faults_; }
  /// Every exchange since the last call.
  std::vector<Exchange> takeExchanges();
  /// Rows by table of the plugin's store.
  std::map<std::string, std::int64_t> rowCounts();

 private:
  host::HttpResponse sendOnce(std::string_view method, std::string_view target,
                              const Headers& headers, std::string_view body);
  host::HttpResponse route(host::HttpRequest request);
  host::PluginCapabilities capabilities() const;
  void begin();
  const host::RegisteredRoute* handlerOf(std::string_view source, std::string_view type) const;
  std::string askDesk(const std::string& request, host::EntryKind kind = host::EntryKind::Desk);
  bool runJob(std::int64_t seq, const host::RegisteredRoute& queue, JobRuns& runs);
  host::HttpResponse enter(const host::RegisteredRoute& entry, host::HttpRequest request);
  void runMessage(std::int64_t seq, const host::RegisteredRoute& handler, MessageRuns& runs);

  FakeClock clock_;
  RecordingLog log_;
  CountingMetrics metrics_;
  CallFaults faults_;
  FaultyRandomness randomness_{faults_};
  FakeWire wire_;
  FaultyWire http_{wire_, faults_};
  std::mutex mutex_;
  host::Principal principal_{"test-key", "t1", {"*"}, true, false};
  std::vector<Exchange> exchanges_;
  std::size_t deliveries_ = 0;
  std::size_t job_runs_ = 0;
  const std::shared_ptr<const LoadedPlugin> plugin_;
  FakedCaller caller_;
  host::HomeSettings settings_;
  FaultyStore store_;
  std::unique_ptr<host::PluginHome> home_;
  host::RouteTable<const host::RegisteredRoute*> routes_;
};

}  // namespace bulkhead::testing
