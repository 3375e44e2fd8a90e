#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string lines(int count, std::string_view line) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}\n", line);
  return text;
}

std::vector<std::string> check(const std::string& path, const std::string& text) {
  return placesOf(checkSizes(tree({{path, text}})));
}

TEST(SizeRules, LimitFilesTo500Lines) {
  EXPECT_THAT(check("host/app/a.cpp", lines(500, "int a;")), IsEmpty());
  EXPECT_THAT(check("host/app/a.cpp", lines(501, "int a;")), ElementsAre("host/app/a.cpp:501"));
}

TEST(SizeRules, LimitHeadersTo200LinesOfCode) {
  EXPECT_THAT(check("host/app/a.hpp", lines(200, "int a;") + lines(100, "/// words")), IsEmpty());
  EXPECT_THAT(check("host/app/a.hpp", lines(201, "int a;")), ElementsAre("host/app/a.hpp:0"));
  EXPECT_THAT(check("plugin-api/include/bulkhead/abi.h", lines(600, "int a;")), IsEmpty());
}

TEST(SizeRules, LimitFunctionsTo70Lines) {
  EXPECT_THAT(check("host/app/a.cpp", "int f() {\n" + lines(68, "a();") + "}\n"), IsEmpty());
  EXPECT_THAT(check("host/app/a.cpp", "int f() {\n" + lines(69, "a();") + "}\n"),
              ElementsAre("host/app/a.cpp:1"));
  EXPECT_THAT(check("host/app/a.cpp", "const int k[] = {\n" + lines(90, "1,") + "};\n"), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::tidy
