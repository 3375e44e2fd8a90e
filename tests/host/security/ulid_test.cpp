#include "security/ulid.hpp"

#include <gtest/gtest.h>
#include <set>

namespace bulkhead::host {
namespace {

TEST(Ulid, HasTheTimeInFrontAndSortsByIt) {
  // The specification's example: 1469918176385 ms is 01ARYZ6S41.
  EXPECT_EQ(makeUlid(1469918176385).substr(0, 10), "01ARYZ6S41");
  EXPECT_LT(makeUlid(1000), makeUlid(1001));
  EXPECT_EQ(makeUlid().size(), 26U);
}

TEST(Ulid, IsNeverTheSameTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 10000; ++i) ids.insert(makeUlid(5));
  EXPECT_EQ(ids.size(), 10000U);
}

}  // namespace
}  // namespace bulkhead::host
