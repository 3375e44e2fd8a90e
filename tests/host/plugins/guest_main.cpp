#include <gtest/gtest.h>
#include <memory>
#include <string_view>
#include <utility>

#include "plugins/worker.hpp"

/// Plays the host's executable: workers run /proc/self/exe, which is this program. Bodies stay as
/// they are.
int main(int count, char** arguments) {
  using namespace bulkhead::host;
  if ((count == 3 || count == 4) && std::string_view{arguments[1]} == "worker") {
    const BodyWork none{[](HomeCall&) {},
                        [](const HttpRequest&, HttpResponse response) { return response; }};
    return runWorker(arguments[count - 1], none,
                     [](std::string_view) { return std::shared_ptr<const EventContracts>{}; });
  }
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
