#include "logging/json_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bulkhead::host {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  EXPECT_TRUE(appendJsonText(out, text, 1000));
  return out;
}

TEST(JsonText, EscapesWhatWouldBreakALine) {
  EXPECT_EQ(escaped("a\"b\\c"), R"(a\"b\\c)");
  EXPECT_EQ(escaped("a\nb\rc\td"), R"(a\nb\rc\td)");
  EXPECT_EQ(escaped(std::string_view{"\0\x1b[31m\x7f", 7}), "\\u0000\\u001b[31m\\u007f");
  EXPECT_EQ(escaped("\xC2\x9B"), "\\u009b");  // CSI of terminals, in one byte
  EXPECT_EQ(escaped("caf\xC3\xA9 \xF0\x9F\x9A\xA2"), "caf\xC3\xA9 \xF0\x9F\x9A\xA2");
}

TEST(JsonText, EveryBytePairIsJsonAndOneLine) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      std::string json = "\"";
      json += escaped(text);
      json += '"';
      ASSERT_TRUE(nlohmann::json::accept(json)) << first << " " << second;
      ASSERT_EQ(json.find('\n'), std::string::npos);
    }
  }
}

TEST(JsonText, NegativeControl_PlainConcatenationIsNoJson) {
  EXPECT_FALSE(nlohmann::json::accept("\"a\nb\""));
  EXPECT_FALSE(nlohmann::json::accept("\"\xFF\""));
}

TEST(JsonText, BrokenUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(escaped("a\xE2\x82"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(escaped("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(JsonText, StopsBeforeTheBoundAtACharactersEnd) {
  for (std::size_t max = 0; max < 40; ++max) {
    std::string out;
    const bool whole = appendJsonText(out, "abc\n\xE2\x82\xAC\xE2\x82\xAC\x01xyz", max);
    EXPECT_LE(out.size(), max);
    EXPECT_EQ(whole, out.size() == 20U) << max << " " << out;
    EXPECT_TRUE(whole || max < 26U) << max << " " << out;  // 20 and room for one more escape
    EXPECT_TRUE(nlohmann::json::accept(std::string{"\""}.append(out).append("\""))) << out;
  }
}

}  // namespace
}  // namespace bulkhead::host
