#include <gtest/gtest.h>
#include <stdexcept>

#include <bulkhead/testing/test_host.hpp>

namespace bulkhead::testing {
namespace {

TEST(TestHost, RefusesWhatTheHostWouldRefuse) {
  EXPECT_THROW((TestHost{"greeter", {{"max_length", 5000}}}), std::runtime_error);
  EXPECT_THROW((TestHost{"greeter", {{"max_lenght", 3}}}), std::runtime_error);
  EXPECT_THROW((TestHost{"greeter", {{"max_length", "three"}}}), std::runtime_error);
  EXPECT_THROW(TestHost{"no-such-plugin"}, std::runtime_error);
}

}  // namespace
}  // namespace bulkhead::testing
