#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> check(std::vector<File> files) {
  return placesOf(checkNames(tree(std::move(files))));
}

TEST(NameRules, PassACleanTree) {
  EXPECT_THAT(check({{"host/http/CMakeLists.txt", ""},
                     {"host/http/connection_loop.cpp", "class ConnectionLoop {};"},
                     {"plugins/google-calendar/README.md", ""},
                     {"plugins/google-calendar/migrations/sqlite/0001_tokens.sql", ""},
                     {"plugin-api/capabilities/bank-feed.json", ""},
                     {"tests/plugins/google-calendar/sync_test.cpp", ""},
                     {"plugin-api/cmake/bulkhead-config.cmake", ""},
                     {"tests/.clang-tidy", ""},
                     {"docs/Anything-Goes.md", ""}}),
              IsEmpty());
}

TEST(NameRules, WantSnakeCase) {
  EXPECT_THAT(check({{"host/http/ConnectionLoop.cpp", ""},
                     {"host/http/connection-loop.cpp", ""},
                     {"plugins/my-plugin/a.cpp", ""}}),
              ElementsAre("host/http/ConnectionLoop.cpp:0", "host/http/connection-loop.cpp:0",
                          "plugins/my-plugin/a.cpp:0"));
}

TEST(NameRules, RefuseNamesThatSayNothing) {
  EXPECT_THAT(check({{"host/http/common/a.cpp", ""},
                     {"host/http/string_utils.cpp", ""},
                     {"host/data/b.hpp", "\nclass PoolManager {\n};\nclass FarManager;\n"},
                     {"tests/misc/c.cpp", ""}}),
              ElementsAre("host/data/b.hpp:2", "host/http/common/a.cpp:0",
                          "host/http/string_utils.cpp:0", "tests/misc/c.cpp:0"));
}

TEST(NameRules, KnowTheFoldersOfTheHost) {
  EXPECT_THAT(check({{"host/helpers/a.cpp", ""}}), ElementsAre("host/helpers:0"));
}

}  // namespace
}  // namespace bulkhead::tidy
