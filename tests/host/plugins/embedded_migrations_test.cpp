#include "plugins/embedded_migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/plugins/plugin_files.hpp"

namespace bulkhead::host {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  return test::refusalOf([&] { parseMigrations(text, "x.so"); });
}

TEST(EmbeddedMigrations, AreOrderedByEngineAndNumber) {
  const auto migrations = parseMigrations(
      R"([{"engine":"sqlite","number":2,"name":"b","sql":"B"},
          {"engine":"sqlite","number":1,"name":"a","sql":"A;\n\"x\""},
          {"engine":"postgresql","number":1,"name":"a","sql":""}])",
      "x.so");
  ASSERT_EQ(migrations.size(), 3U);
  EXPECT_EQ(migrations[0].engine, "postgresql");
  EXPECT_EQ(migrations[1].sql, "A;\n\"x\"");
  EXPECT_EQ(migrations[2].number, 2);
  EXPECT_TRUE(parseMigrations("", "x.so").empty());
}

TEST(EmbeddedMigrations, AreRefusedWithTheirPlace) {
  EXPECT_THAT(refusal("{}"), HasSubstr("expected an array"));
  EXPECT_THAT(refusal("[1]"), HasSubstr("/0 is 1, expected an object"));
  EXPECT_THAT(refusal(R"([{"engine":"oracle","number":1,"name":"a","sql":""}])"),
              HasSubstr("/0/engine is \"oracle\""));
  EXPECT_THAT(refusal(R"([{"engine":"sqlite","number":2,"name":"a","sql":""}])"),
              HasSubstr("has migration 2 of sqlite where number 1 is expected"));
  EXPECT_THAT(refusal(R"([{"engine":"sqlite","number":1,"name":"a","sql":""},
                          {"engine":"sqlite","number":1,"name":"b","sql":""}])"),
              HasSubstr("where number 2 is expected"));
}

}  // namespace
}  // namespace bulkhead::host
