#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "data/store.hpp"
#include "plugins/home.hpp"
#include "plugins/library.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// A plugin that lives in this process, on threads of its own.
class InProcessHome final : public Home {
 public:
  /// What the plugin's code and data stand on: released after it.
  struct Foundation {
    std::shared_ptr<const PluginLibrary> library;
    std::shared_ptr<data::Store> store;  ///< null: it has none
    bool lease_shared = false;           ///< the store is, from the start
  };

  InProcessHome(std::unique_ptr<PluginHome> plugin, Foundation foundation, const HomeLimits& limits,
                BodyWork bodies);
  ~InProcessHome() override;

  void create() override;
  void start() override;
  bool drain(Time until) override;
  std::vector<std::shared_ptr<HomeCall>> takeWaiting() override;
  void stop() noexcept override;
  bool abandon() noexcept override;
  bool submit(const std::shared_ptr<HomeCall>& call) override;
  /// LaneWakes::workHere() of its calls that do not stream.
  bool workHere(LaneWakes& wakes) { return wakes.workHere(lane_); }
  std::string checkHealth(const RegisteredContributor& contributor, Time deadline) override;
  void setLimits(const HomeLimits& limits) override;
  HomeLoad load() const override;
  const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const override;
  const std::vector<RegisteredContributor>& contributors() const override;
  const PluginCapabilities& capabilities() const override;
  bool hasStore() const override;
  bool pingStore(Time deadline) override;
  void shareLease(bool shared, Time deadline) override;
  void fenceStore() noexcept override;
  std::vector<TableRows> countRows(Time deadline) override;
  void endJobs() noexcept override;
  void releaseJobs() noexcept override;

 private:
  struct Inside;  // the plugin and what it stands on, shared with the threads that are in it
  struct Work;    // a call in its lane

  void checkpoint() noexcept;

  const std::shared_ptr<Inside> inside_;
  Lane lane_;
  Lane streams_;
  Lane asides_;
  Lane desk_;
  Lane jobs_;
  std::atomic<bool> lease_shared_;
};

}  // namespace bulkhead::host
