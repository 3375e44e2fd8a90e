#include "config/nearest_name.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

TEST(EditDistance, CountsInsertDeleteReplaceAndSwap) {
  EXPECT_EQ(editDistance("port", "port"), 0U);
  EXPECT_EQ(editDistance("port", "PORT"), 0U);
  EXPECT_EQ(editDistance("port", "ports"), 1U);
  EXPECT_EQ(editDistance("port", "prt"), 1U);
  EXPECT_EQ(editDistance("port", "part"), 1U);
  EXPECT_EQ(editDistance("port", "prot"), 1U);
  EXPECT_EQ(editDistance("", "abc"), 3U);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3U);
}

TEST(NearestName, FindsWhatWasMeant) {
  const std::vector<std::string> names{"server.port", "server.bind_address", "log.level"};
  EXPECT_EQ(nearestName("sevrer.port", names), "server.port");
  EXPECT_EQ(nearestName("loglevel", names), "log.level");
}

TEST(NearestName, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearestName("colour", {"server.port", "log.level"}), "");
  EXPECT_EQ(nearestName("x", {}), "");
}

}  // namespace
}  // namespace bulkhead::host
