#include "bulkhead/json_plain.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead {
namespace {

// Method: every byte at every place of texts around the width of a word, beside the rule for one
// byte; before it plain bytes that differ from it in one bit, which is where such looks go wrong.
TEST(JsonPlain, EveryByteAtEveryPlaceEndsThePlainPartOrNot) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 12U, 20U}) {
      for (std::size_t place = 0; place < size; ++place) {
        for (const char filler : {' ', '!', '#', '[', ']', '~'}) {
          std::string text(size, filler);
          text[place] = static_cast<char>(byte);
          const bool plain = isPlainInJson(text[place]);
          ASSERT_EQ(plainInJson(text), plain ? size : place) << byte << " at " << place;
        }
      }
    }
  }
}

TEST(JsonPlain, WhatNeedsAnEscapeIsNotPlain) {
  for (const char c : std::string{"\"\\\n\x1f\x7f\x80\xff\0", 8}) EXPECT_FALSE(isPlainInJson(c));
  for (const char c : std::string{" !aZ09/~"}) EXPECT_TRUE(isPlainInJson(c));
  EXPECT_EQ(plainInJson(""), 0U);
}

}  // namespace
}  // namespace bulkhead
