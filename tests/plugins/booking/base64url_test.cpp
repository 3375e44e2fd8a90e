#include "base64url.hpp"

#include <gtest/gtest.h>

namespace booking {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text;
  appendBase64Url(text, bytes);
  return text;
}

// RFC 4648 §10, without padding.
TEST(Base64Url, GivesTheVectorsOfRfc4648) {
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg");
  EXPECT_EQ(encoded("fo"), "Zm8");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foob"), "Zm9vYg");
  EXPECT_EQ(encoded("fooba"), "Zm9vYmE");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xfb\xff\xfe"), "-__-");
}

TEST(Base64Url, ReadsBackEveryByteAndLength) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    ASSERT_EQ(fromBase64Url(encoded(bytes)), bytes) << i;
  }
}

TEST(Base64Url, ReadsNoSecondSpelling) {
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9=", "Zm 8", "Zm8\n", "Zm+v", "Zm/v", "Zm9vY"}) {
    EXPECT_EQ(fromBase64Url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace booking
