#include "runtime/field_text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::host {
namespace {

// Method: every byte at every place of values around the width of a word, beside the rule for one.
TEST(FieldText, Rfc9110_5_5_EveryByteAtEveryPlaceOfAValue) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      for (const char filler : {' ', '~', '\t', '\xff'}) {
        std::string value(20, filler);
        value[place] = static_cast<char>(byte);
        EXPECT_EQ(isFieldValue(value), isFieldCharacter(value[place])) << byte << " at " << place;
      }
    }
  }
}

TEST(FieldText, Rfc9110_5_5_NoControlCharacterButTheTab) {
  for (const char c : std::string{"\0\x01\b\n\v\f\r\x1f\x7f", 9}) EXPECT_FALSE(isFieldCharacter(c));
  for (const char c : std::string{"\t a~\x80\xff"}) EXPECT_TRUE(isFieldCharacter(c));
  EXPECT_TRUE(isFieldValue(""));
}

TEST(FieldText, Rfc9110_5_6_2_Tokens) {
  EXPECT_TRUE(isToken("X-Request-Id"));
  EXPECT_TRUE(isToken("!#$%&'*+-.^_`|~09azAZ"));
  for (const char* bad : {"", "a b", "a:", "a\"", "a(", "a/", "\xc3\xa9", "a\x7f", "a\t"})
    EXPECT_FALSE(isToken(bad)) << bad;
}

}  // namespace
}  // namespace bulkhead::host
