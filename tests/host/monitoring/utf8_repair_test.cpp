#include "monitoring/utf8_repair.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::monitoring {
namespace {

TEST(Utf8Repair, ReplacesOnlyWhatIsNotUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(repairUtf8("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\xA2"),
            "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\xA2");
  EXPECT_EQ(repairUtf8("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(repairUtf8("\xC0\xAF"), bad + bad) << "overlong";
  EXPECT_EQ(repairUtf8("\xED\xA0\x80"), bad + bad + bad) << "surrogate";
  EXPECT_EQ(repairUtf8("\xF4\x90\x80\x80"), bad + bad + bad + bad) << "above U+10FFFF";
  EXPECT_EQ(repairUtf8("\xE2\x82"), bad + bad) << "cut";
  EXPECT_EQ(repairUtf8(std::string_view{"\0", 1}), bad);
}

TEST(Utf8Repair, ResultIsAlwaysUtf8) {
  std::string text;
  for (unsigned i = 0; i < 4096; ++i) text += static_cast<char>(i * 2654435761U >> 24U);
  EXPECT_FALSE(isUtf8(text));
  EXPECT_TRUE(isUtf8(repairUtf8(text)));
}

}  // namespace
}  // namespace bulkhead::host::monitoring
