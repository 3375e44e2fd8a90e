#include "security/api_key.hpp"

#include <gtest/gtest.h>
#include <set>

namespace bulkhead::host {
namespace {

TEST(ApiKey, HasTheDocumentedShape) {
  const std::string key = makeApiKey();
  EXPECT_TRUE(key.starts_with("bh_live_"));
  EXPECT_EQ(key.size(), 8U + 12 + 1 + 43 + 1 + 6);
  const auto parts = parseApiKey(key);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->id, key.substr(8, 12));
  EXPECT_EQ(parts->secret, key.substr(21, 43));
}

// Computed with another implementation: zlib's crc32 and base 62 by hand.
TEST(ApiKey, ReadsAKnownOneAndTheTestPrefix) {
  const std::string secret(43, 'a');
  EXPECT_TRUE(parseApiKey("bh_live_000000000001_" + secret + "_1RqrqW"));
  EXPECT_TRUE(parseApiKey("bh_test_000000000001_" + secret + "_4QLrea"));
  EXPECT_FALSE(parseApiKey("bh_live_000000000001_" + secret + "_4QLrea"));
}

TEST(ApiKey, AnyOneWrongCharacterIsSeenWithoutALookUp) {
  const std::string key = makeApiKey();
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string wrong = key;
    wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(parseApiKey(wrong)) << i;
  }
  EXPECT_TRUE(parseApiKey(key)) << "the unspoilt one must pass";
  EXPECT_FALSE(parseApiKey(key + "0"));
  EXPECT_FALSE(parseApiKey(key.substr(0, key.size() - 1)));
  EXPECT_FALSE(parseApiKey(""));
  EXPECT_FALSE(parseApiKey(std::string(key.size(), '\0')));
}

TEST(ApiKey, UsesItsWholeAlphabetEvenly) {
  std::array<int, 128> seen{};
  constexpr int kKeys = 2000;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = makeApiKey();
    const auto parts = parseApiKey(key);
    ASSERT_TRUE(parts);
    for (const char c : parts->secret) ++seen[static_cast<unsigned char>(c)];
  }
  const int expected = kKeys * 43 / 62;
  int letters = 0;
  for (const int count : seen) {
    if (count == 0) continue;
    ++letters;
    EXPECT_NEAR(count, expected, expected / 4);
  }
  EXPECT_EQ(letters, 62);
}

TEST(ApiKey, HashesAreSha256AndTravelAsHex) {
  const SecretHash hash = hashSecret("abc");
  EXPECT_EQ(toHex(hash), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(equalHashes(*hashFromHex(toHex(hash)), hash));
  EXPECT_FALSE(equalHashes(hashSecret("abd"), hash));
  EXPECT_FALSE(hashFromHex("ba78"));
  EXPECT_FALSE(hashFromHex(std::string(64, 'g')));
}

}  // namespace
}  // namespace bulkhead::host
