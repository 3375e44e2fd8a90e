#include "http/router.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

using Table = RouteTable<int>;
using Outcome = RouteMatch<int>::Outcome;

Table table() {
  return Table{{{"GET", "/", "host", 0},
                {"GET", "/hello/{name}", "greeter", 1},
                {"DELETE", "/hello/{id}", "greeter", 2},
                {"GET", "/hello/world", "greeter", 3},
                {"POST", "/a/{x}/c/{y}", "other", 4},
                {"GET", "/a/b/d", "other", 5},
                {"HEAD", "/own-head", "other", 6},
                {"GET", "/own-head", "other", 7}}};
}

TEST(Router, FindsTheRouteAndItsParameters) {
  const Table routes = table();
  const auto match = routes.match("GET", "/hello/Ann");
  ASSERT_EQ(match.outcome, Outcome::Found);
  EXPECT_EQ(*match.value, 1);
  EXPECT_EQ(match.route_template, "/hello/{name}");
  EXPECT_EQ(match.owner, "greeter");
  EXPECT_EQ(match.parameters, (Fields{{"name", "Ann"}}));
  EXPECT_EQ(routes.match("DELETE", "/hello/7").parameters, (Fields{{"id", "7"}}));
  EXPECT_EQ(*routes.match("GET", "/").value, 0);
}

TEST(Router, ALiteralWinsOverAParameter) {
  EXPECT_EQ(*table().match("GET", "/hello/world").value, 3);
}

TEST(Router, AParameterIsTriedWhereTheLiteralLeadsNowhere) {
  const Table routes = table();
  const auto match = routes.match("POST", "/a/b/c/9");
  ASSERT_EQ(match.outcome, Outcome::Found);
  EXPECT_EQ(match.parameters, (Fields{{"x", "b"}, {"y", "9"}}));
  EXPECT_EQ(*routes.match("DELETE", "/hello/world").value, 2) << "the literal has no DELETE";
}

TEST(Router, PathsCompareExactly) {
  const Table routes = table();
  for (const char* path :
       {"/hello", "/hello/", "/hello/a/b", "/hello/world/", "//", "/Hello/x", "*"})
    EXPECT_EQ(routes.match("GET", path).outcome, Outcome::NotFound) << path;
  EXPECT_EQ(Table{}.match("GET", "/").outcome, Outcome::NotFound);
}

TEST(Router, Rfc9110_15_5_6_AWrongMethodNamesTheRightOnes) {
  const auto match = table().match("PUT", "/hello/x");
  EXPECT_EQ(match.outcome, Outcome::MethodNotAllowed);
  EXPECT_EQ(match.allow, "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(table().match("PUT", "/hello/world").allow, "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(table().match("GET", "/a/1/c/2").allow, "OPTIONS, POST");
}

TEST(Router, Rfc9110_9_3_7_OptionsOnAKnownPath) {
  const auto match = table().match("OPTIONS", "/hello/world");
  EXPECT_EQ(match.outcome, Outcome::Options);
  EXPECT_EQ(match.allow, "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(table().match("OPTIONS", "/nowhere").outcome, Outcome::NotFound);
}

TEST(Router, Rfc9110_9_3_2_HeadFallsBackToGet) {
  const Table routes = table();
  EXPECT_EQ(*routes.match("HEAD", "/hello/Ann").value, 1);
  EXPECT_EQ(*routes.match("HEAD", "/own-head").value, 6);
}

TEST(Router, TwoOwnersOfOneRouteAreBothNamed) {
  try {
    Table{{{"GET", "/calls/{id}", "booking", 1}, {"GET", "/calls/{call}", "vapi", 2}}};
    FAIL() << "the conflict was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ROUTE_CONFLICT");
    EXPECT_NE(error.message().find("booking"), std::string::npos);
    EXPECT_NE(error.message().find("vapi"), std::string::npos);
  }
  EXPECT_NO_THROW((Table{{{"GET", "/calls/{id}", "a", 1}, {"POST", "/calls/{id}", "b", 2}}}));
  EXPECT_NO_THROW((Table{{{"GET", "/calls/{id}", "a", 1}, {"GET", "/calls/all", "b", 2}}}));
}

TEST(Router, BadTemplatesAreRefused) {
  for (const char* bad :
       {"", "x", "/a//b", "/a/", "/{}", "/a{b}", "/{a}b", "/{a-b}", "/{a}/{a}", "/{a"})
    EXPECT_THROW((Table{{{"GET", bad, "x", 1}}}), Error) << bad;
}

}  // namespace
}  // namespace bulkhead::host
