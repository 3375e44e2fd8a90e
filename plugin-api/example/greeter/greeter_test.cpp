#include <gtest/gtest.h>

#include <bulkhead/testing/test_host.hpp>

namespace greeter {
namespace {

using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;

// Goal: the limit is inclusive, and crossing it is the caller's fault (422), never ours (500).
// Method: one name on the limit, one just past it.
TEST(Greeter, RefusesANameLongerThanTheLimit) {
  TestHost host{"greeter", {{"max_length", 3}}};
  EXPECT_EQ(host.get("/api/greeter/v1/hello/Ann").body, R"({"hello":"Ann"})");

  const TestResponse refused = host.get("/api/greeter/v1/hello/Anna");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.error().code, "NAME_TOO_LONG");
}

TEST(Greeter, NamesArriveDecoded) {
  TestHost host{"greeter"};
  EXPECT_EQ(host.get("/api/greeter/v1/hello/J%C3%B6rg%20B").body, "{\"hello\":\"J\xC3\xB6rg B\"}");
}

TEST(Greeter, NeedsItsScope) {
  TestHost host{"greeter"};
  host.actAs("t1", "greeter:read");
  EXPECT_EQ(host.get("/api/greeter/v1/hello/Ann").status, 200);
  host.actAs("t1", "another:read");
  EXPECT_EQ(host.get("/api/greeter/v1/hello/Ann").status, 403);
  host.actAs("");
  EXPECT_EQ(host.get("/api/greeter/v1/hello/Ann").status, 401);
}

}  // namespace
}  // namespace greeter
