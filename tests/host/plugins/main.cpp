#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "plugins/preflight.hpp"
#include "plugins/worker.hpp"

/// Plays the host's executable: preflights and workers run /proc/self/exe, which is this program.
int main(int count, char** arguments) {
  if (count == 3 && std::string_view{arguments[1]} == "preflight") {
    return bulkhead::host::runPreflightChild(arguments[2]);
  }
  if ((count == 3 || count == 4) && std::string_view{arguments[1]} == "worker")
    return bulkhead::host::runWorker(arguments[count - 1], {}, nullptr);
  // Under sanitizers children still die by their signals, as in production.
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* given = std::getenv(name);
    const std::string options =
        std::string{given == nullptr ? "" : given} + ":handle_segv=0:handle_abort=0";
    setenv(name, options.c_str(), 1);
  }
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
