#include <filesystem>
#include <utility>

#include "data/kept_copy.hpp"
#include "plugins/bare_store.hpp"
#include "plugins/supervisor_candidate.hpp"

namespace bulkhead::host {

SuccessionReport Supervisor::succeedPaused(Candidate& candidate, std::chrono::milliseconds patience,
                                           PluginChange& change) {
  const std::string& id = candidate.plugin.id;
  Candidate previous = *runningOne(id);
  const bool stored = previous.plugin.manifest->store;
  std::filesystem::path copy;
  SuccessionOrder order = successionOrder(candidate);
  order.patience = patience;
  Interlude interlude;
  interlude.keep = [&] {
    if (stored) copy = bareStore(id)->keepCopy([this] { return !isClosing(); });
  };
  interlude.next = [&] { return newHome(candidate); };
  interlude.put_back = [&] {
    if (stored) bareStore(id)->putBack(copy);
  };
  interlude.previous = [&] {
    previous.by_turns = false;
    previous.company = data::MigrationCompany::Nobody;
    return newHome(previous);
  };
  interlude.resumed = [&] {
    watch(previous);
    remember(previous);
  };
  order.interlude = std::move(interlude);
  SuccessionReport report = candidate.compartment->succeed(order);
  change.kept_store = copy.string();
  if (!report.succeeded) return report;
  if (stored) data::KeptCopy{id, services_.store_options(id).path, {}, copy}.dropEarlierOnes();
  remember(candidate);
  return report;
}

std::unique_ptr<BareStore> Supervisor::bareStore(const std::string& plugin) const {
  const auto compartment = find(plugin);
  const bool worker =
      compartment ? compartment->status().worker : options_.isolation == Isolation::Worker;
  const auto file = std::filesystem::absolute(services_.store_options(plugin).path);
  if (!worker) return std::make_unique<LocalBareStore>(plugin, file);
  WorkerOrder order;
  order.plugin = plugin;
  order.store = file;
  order.host_version = options_.host_version;
  order.host_revision = options_.host_revision;
  return std::make_unique<WorkerBareStore>(
      std::move(order), WorkerServices{options_.program, services_.log, services_.metrics, {}, {}});
}

}  // namespace bulkhead::host
