#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/migrations.hpp"
#include "plugins/discovery.hpp"
#include "plugins/supervisor.hpp"
#include "plugins/worker_keeper.hpp"

namespace bulkhead::host {

/// A configured plugin on its way up.
struct Supervisor::Candidate {
  PluginCandidate plugin;
  PluginConf conf;
  HomeSettings settings;
  std::shared_ptr<Compartment> compartment;
  bool open = false;                           ///< it has done every step of its way so far
  std::shared_ptr<WorkerKeeper::Ward> ward{};  ///< of its home, when that is a worker
  /// Who works on its store while it starts.
  data::MigrationCompany company = data::MigrationCompany::Nobody;
  /// Other ones than its settings said when it was made.
  std::optional<PluginLimits> limits{};
  bool store_kept = false;  ///< it can be set back
  bool by_turns = false;    ///< its store has another writer while it starts
  bool recycles = false;    ///< the same code takes its own place, since it held too much memory

  /// What its file says of them; nothing while its manifest is not known.
  PluginCapabilities capabilities() const {
    if (!plugin.manifest) return {};
    PluginCapabilities capabilities = plugin.manifest->capabilities();
    capabilities.contracts = plugin.contracts;
    return capabilities;
  }
  void refuse(PluginState state, std::string reason) {
    plugin.state = state;
    plugin.reason = std::move(reason);
  }
};

}  // namespace bulkhead::host
