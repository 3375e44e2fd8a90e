#include <utility>

#include "data/kept_copy.hpp"
#include "plugins/supervisor_candidate.hpp"

namespace bulkhead::host {

SuccessionReport Supervisor::succeedPaused(Candidate& candidate, std::chrono::milliseconds patience,
                                           PluginChange& change) {
  const std::string& id = candidate.plugin.id;
  Candidate previous = *runningOne(id);
  const bool stored = previous.plugin.manifest->store;
  data::KeptCopy copy{id, services_.store_options(id).path, [this] { return !isClosing(); }};
  SuccessionOrder order = successionOrder(candidate);
  order.patience = patience;
  Interlude interlude;
  interlude.keep = [&] {
    if (stored) copy.take();
  };
  interlude.next = [&] { return newHome(candidate); };
  interlude.put_back = [&] {
    if (stored) copy.putBack();
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
  change.kept_store = copy.file().string();
  if (!report.succeeded) return report;
  if (stored) copy.dropEarlierOnes();
  remember(candidate);
  return report;
}

}  // namespace bulkhead::host
