#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> check(std::vector<File> files) {
  return placesOf(checkIncludes(tree(std::move(files))));
}

TEST(IncludeRules, PassACleanTree) {
  EXPECT_THAT(
      check({
          {"host/app/serve.cpp", "#include \"http/router.hpp\"\n#include <vector>\n"},
          {"host/http/router.hpp",
           "#include \"runtime/message.hpp\"\n#include <bulkhead/error.hpp>\n"},
          {"host/http/listener.cpp", "#include <Poco/Net/ServerSocket.h>\n"},
          {"host/plugins/library.cpp", "#include <boost/dll/shared_library.hpp>\n"},
          {"host/data/sqlite.cpp", "#include <sqlite3.h>\n"},
          {"tests/host/data/sqlite_test.cpp", "#include <sqlite3.h>\n"},
          {"host/runtime/message.hpp", "#include <string>\n"},
          {"host/main.cpp", "#include \"app/serve.hpp\"\n"},
          {"plugin-api/include/bulkhead/poco.hpp", "#include <Poco/Net/HTTPRequestHandler.h>\n"},
          {"plugin-api/include/bulkhead/error.hpp", "#include <string>\n"},
          {"plugins/stripe/stripe_plugin.cpp",
           "#include <bulkhead/plugin.hpp>\n#include \"settings.hpp\"\n#include \"payment.hpp\"\n"},
          {"plugins/stripe/payment.hpp", ""},
      }),
      IsEmpty());
}

TEST(IncludeRules, KeepPluginsOutOfTheHostAndEachOther) {
  EXPECT_THAT(
      check({
          {"host/runtime/message.hpp", ""},
          {"plugins/booking/lead.hpp", ""},
          {"plugins/stripe/a.cpp", "#include \"runtime/message.hpp\"\n"},
          {"plugins/stripe/b.cpp", "#include \"host/runtime/message.hpp\"\n"},
          {"plugins/stripe/c.cpp", "#include \"booking/lead.hpp\"\n"},
          {"plugins/stripe/d.cpp", "#include \"plugins/booking/lead.hpp\"\n"},
          {"plugins/stripe/e.cpp", "#include \"lead.hpp\"\n"},
          {"plugins/stripe/f.cpp", "#include \"../booking/lead.hpp\"\n"},
      }),
      ElementsAre("plugins/stripe/a.cpp:1", "plugins/stripe/b.cpp:1", "plugins/stripe/c.cpp:1",
                  "plugins/stripe/d.cpp:1", "plugins/stripe/e.cpp:1", "plugins/stripe/f.cpp:1"));
}

TEST(IncludeRules, KeepPluginsOutOfTheHostsSources) {
  EXPECT_THAT(check({{"plugins/booking/lead.hpp", ""},
                     {"host/app/a.cpp", "\n#include \"booking/lead.hpp\"\n"},
                     {"host/plugins/supervisor.hpp", ""},
                     {"host/app/b.cpp", "#include \"plugins/supervisor.hpp\"\n"}}),
              ElementsAre("host/app/a.cpp:2"));
}

TEST(IncludeRules, GiveEachLibraryOneDoor) {
  EXPECT_THAT(check({
                  {"host/app/a.cpp", "#include <boost/dll/import.hpp>\n"},
                  {"host/runtime/b.cpp", "#include <sqlite3.h>\n"},
                  {"host/http/c.cpp", "#include <libpq-fe.h>\n"},
                  {"host/app/d.cpp", "#include <Poco/Net/ServerSocket.h>\n"},
                  {"plugins/vapi/e.cpp", "#include <curl/curl.h>\n"},
                  {"plugins/vapi/f.cpp", "#include <Poco/Net/HTTPClientSession.h>\n"},
                  {"tests/host/http/g_test.cpp", "#include <sqlite3.h>\n"},
              }),
              ElementsAre("host/app/a.cpp:1", "host/app/d.cpp:1", "host/http/c.cpp:1",
                          "host/runtime/b.cpp:1", "plugins/vapi/e.cpp:1", "plugins/vapi/f.cpp:1",
                          "tests/host/http/g_test.cpp:1"));
}

TEST(IncludeRules, PointDownInsideTheHost) {
  const std::vector<File> headers{{"host/http/x.hpp", ""},
                                  {"host/data/x.hpp", ""},
                                  {"host/app/x.hpp", ""},
                                  {"host/runtime/x.hpp", ""},
                                  {"host/health/x.hpp", ""}};
  auto files = headers;
  files.push_back({"host/data/a.cpp", "#include \"runtime/x.hpp\"\n"});
  files.push_back({"host/http/b.cpp", "#include \"health/x.hpp\"\n"});
  files.push_back({"host/runtime/c.cpp", "#include \"data/x.hpp\"\n#include \"app/x.hpp\"\n"});
  files.push_back({"host/health/d.cpp", "#include \"runtime/x.hpp\"\n#include \"health/x.hpp\"\n"});
  EXPECT_THAT(check(files),
              ElementsAre("host/data/a.cpp:1", "host/http/b.cpp:1", "host/runtime/c.cpp:2"));
}

TEST(IncludeRules, KeepLibrariesOutOfTheApi) {
  EXPECT_THAT(
      check({{"plugin-api/include/bulkhead/a.hpp", "#include <Poco/Logger.h>\n"},
             {"plugin-api/include/bulkhead/b.hpp", "#include <boost/any.hpp>\n"},
             {"host/runtime/message.hpp", ""},
             {"plugin-api/include/bulkhead/c.hpp", "#include \"runtime/message.hpp\"\n"}}),
      ElementsAre("plugin-api/include/bulkhead/a.hpp:1", "plugin-api/include/bulkhead/b.hpp:1",
                  "plugin-api/include/bulkhead/c.hpp:1"));
}

TEST(IncludeRules, SayWhatToDoInstead) {
  const auto text = toString(checkIncludes(tree({{"host/app/a.cpp", "#include <curl/curl.h>\n"}})));
  EXPECT_EQ(text,
            "host/app/a.cpp:1: #include of curl/curl.h is not for this folder; use http.send\n");
}

}  // namespace
}  // namespace bulkhead::tidy
