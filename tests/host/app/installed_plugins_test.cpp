#include "app/installed_plugins.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

TEST(NearestScope, KnowsWhatWasMeantByATypingError) {
  const std::vector<std::string> known{"booking:*", "booking:read", "booking:write", "stripe:*"};
  EXPECT_EQ(nearestScope("bokking:read", known), "booking:read");
  EXPECT_EQ(nearestScope("bookign:*", known), "booking:*");
  EXPECT_EQ(nearestScope("booking:raed", known), "booking:read");
  EXPECT_EQ(nearestScope("amdin", known), "admin");
  EXPECT_EQ(nearestScope("monitorin:read", known), "monitoring:read");
}

TEST(NearestScope, LetsEverythingElsePass) {
  const std::vector<std::string> known{"booking:*", "booking:read", "stripe:*"};
  for (const char* scope : {"*", "admin", "booking:read", "booking:*", "stripe:anything",
                            "monitoring:read", "accounting:read", "booking:configure"})
    EXPECT_EQ(nearestScope(scope, known), "") << scope;
}

}  // namespace
}  // namespace bulkhead::host
