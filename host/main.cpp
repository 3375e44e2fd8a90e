#include <string_view>

#include "app/application.hpp"
#include "app/body_work.hpp"
#include "app/kept_signals.hpp"
#include "capabilities/capability_contract.hpp"
#include "plugins/preflight.hpp"
#include "plugins/worker.hpp"
#include "plugins/worker_process.hpp"
#include "verify/trial.hpp"

int main(int argc, char** argv) {
  // Before anything else: processes for plugins hold as little as possible of this one.
  if (argc == 3 && std::string_view{argv[1]} == "preflight")
    return bulkhead::host::runPreflightChild(argv[2]);
  if (argc == 3 && std::string_view{argv[1]} == "trial")
    return bulkhead::host::runTrialChild(argv[2]);
  const bool for_store = argc == 4 && std::string_view{argv[2]} == bulkhead::host::kStoreOnly;
  if ((argc == 3 || for_store) && std::string_view{argv[1]} == "worker" &&
      std::string_view{argv[2]} != "--help")
    return bulkhead::host::runWorker(argv[argc - 1], bulkhead::host::kBodyWork,
                                     &bulkhead::host::eventContracts);
  const bulkhead::host::KeptSignals signals;
  bulkhead::host::Application application;
  signals.restore();
  return application.run(argc, argv);
}
