#include "keyed_hash.hpp"

#include <gtest/gtest.h>

#include <bulkhead/signing.hpp>

namespace booking {
namespace {

std::string hex(const KeyedHash::Digest& digest) {
  return bulkhead::toHex({digest.data(), digest.size()});
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(KeyedHash, GivesTheVectorsOfRfc4231) {
  EXPECT_EQ(hex(KeyedHash{std::string(20, '\x0b')}.of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(KeyedHash{"Jefe"}.of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(KeyedHash{std::string(131, '\xaa')}.of(
                "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(KeyedHash, AMessageGoesOnFromACopy) {
  const KeyedHash key{"key"};
  const auto shared = key.begin().add("what all share, ");
  auto one = shared;
  auto other = shared;
  EXPECT_EQ(one.add("one").finish(), key.of("what all share, one"));
  EXPECT_EQ(other.add("other").finish(), key.of("what all share, other"));
}

TEST(KeyedHash, PurposesDoNotShareAKey) {
  const KeyedHash root{"key"};
  EXPECT_NE(root.derive("a").of("text"), root.derive("b").of("text"));
  EXPECT_NE(root.derive("a").of("text"), root.of("text"));
}

}  // namespace
}  // namespace booking
