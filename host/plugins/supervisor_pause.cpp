#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <utility>

#include "data/kept_copy.hpp"
#include "plugins/bare_store.hpp"
#include "plugins/supervisor_candidate.hpp"

namespace bulkhead::host {

SuccessionReport Supervisor::succeedPaused(Candidate& candidate, std::chrono::milliseconds patience,
                                           PluginChange& change) {
  const std::string& id = candidate.plugin.id;
  if (!candidate.compartment->home()) return startKept(candidate, patience, change);
  Candidate previous = *runningOne(id);
  const bool stored = previous.plugin.manifest->store;
  std::filesystem::path copy;
  SuccessionOrder order = successionOrder(candidate);
  order.patience = patience;
  Interlude interlude;
  interlude.keep = [&] {
    if (stored) copy = keepCopy(id);
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
  if (report.succeeded) remember(candidate);
  return report;
}

/// Nothing runs that could be paused; its store is worth as much.
SuccessionReport Supervisor::startKept(Candidate& candidate, std::chrono::milliseconds patience,
                                       PluginChange& change) {
  const std::string& id = candidate.plugin.id;
  std::error_code error;
  const data::StoreOptions store = services_.store_options(id);
  const bool stored = data::engineOf(store) == data::Engine::Postgresql ||
                      std::filesystem::exists(data::fileOf(store), error);
  std::filesystem::path copy;
  SuccessionReport report;
  try {
    if (stored) copy = keepCopy(id);
    candidate.store_kept = true;
    change.kept_store = copy.string();
    report = succeed(candidate, patience);
    if (!report.succeeded && stored) bareStore(id)->putBack(copy);
  } catch (const Error& failed) {
    const std::string said = report.problem.empty() ? "" : report.problem + " ";
    const std::string what =
        copy.empty() ? "Its store could not be copied" : "Its store could not be put back";
    report = candidate.compartment->refuseNext(
        PluginState::Failed, fmt::format("{}{}: {}", said, what, failed.message()));
  }
  return report;
}

std::filesystem::path Supervisor::keepCopy(const std::string& plugin) const {
  auto copy = bareStore(plugin)->keepCopy([this] { return !isClosing(); });
  data::KeptCopy{plugin, data::fileOf(services_.store_options(plugin)), {}, copy}.dropEarlierOnes();
  return copy;
}

std::unique_ptr<BareStore> Supervisor::bareStore(const std::string& plugin) const {
  const auto compartment = find(plugin);
  const bool worker =
      compartment ? compartment->status().worker : options_.isolation == Isolation::Worker;
  const auto file = std::filesystem::absolute(data::fileOf(services_.store_options(plugin)));
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
