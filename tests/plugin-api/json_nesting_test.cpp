#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include <bulkhead/json_nesting.hpp>

namespace bulkhead {
namespace {

std::string nested(std::size_t levels, std::string_view open = "[", std::string_view close = "]") {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(JsonNesting, TheLimitItselfIsAllowedAndOneMoreIsNot) {
  EXPECT_FALSE(nestsDeeperThan(64, nested(64)));
  EXPECT_TRUE(nestsDeeperThan(64, nested(65)));
  EXPECT_FALSE(nestsDeeperThan(3, R"({"a":[{}]})"));
  EXPECT_TRUE(nestsDeeperThan(2, R"({"a":[{}]})"));
  EXPECT_FALSE(nestsDeeperThan(0, "1"));
  EXPECT_FALSE(nestsDeeperThan(0, ""));
}

TEST(JsonNesting, SiblingsAreNoLevels) {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) text += "[],{},";
  EXPECT_FALSE(nestsDeeperThan(2, text + "0]"));
}

TEST(JsonNesting, BracketsInStringsAreText) {
  EXPECT_FALSE(nestsDeeperThan(1, R"(["[[[[{{{{\"[[[[\\","]]]"])"));
  EXPECT_TRUE(nestsDeeperThan(1, R"(["\\",[]])")) << "an escaped backslash does not hide the end";
}

TEST(JsonNesting, EndsThatNothingBeganDoNotBuyLevels) {
  EXPECT_TRUE(nestsDeeperThan(2, "]]]]]][[["));
  EXPECT_FALSE(nestsDeeperThan(2, "\"[[[[")) << "an unfinished string is no nesting";
  EXPECT_FALSE(nestsDeeperThan(2, "\"\\"));
}

// Why there is a limit: a body that fits into 1 MiB ends the process that only prints it.
TEST(JsonNestingDeathTest, NegativeControl_WithoutTheLimitItIsTheEndOfTheStack) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const std::string text = nested(500'000);
  ASSERT_LT(text.size(), 1024U * 1024);
  EXPECT_DEATH({ std::puts(nlohmann::json::parse(text).dump().c_str()); }, "");
  EXPECT_TRUE(nestsDeeperThan(kJsonLevelsMax, text)) << "the limit sees it";
}

}  // namespace
}  // namespace bulkhead
