#include <string_view>

#include "app/application.hpp"
#include "app/kept_signals.hpp"
#include "plugins/preflight.hpp"

int main(int argc, char** argv) {
  // Before anything else: the child that proves a plugin holds as little as possible of this
  // process.
  if (argc == 3 && std::string_view{argv[1]} == "preflight")
    return bulkhead::host::runPreflightChild(argv[2]);
  const bulkhead::host::KeptSignals signals;
  bulkhead::host::Application application;
  signals.restore();
  return application.run(argc, argv);
}
