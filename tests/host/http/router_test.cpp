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

TEST(Router, ATypedParameterTakesOnlyItsType) {
  const Table routes{{{"GET", "/calls/{id:int}", "a", 1},
                      {"GET", "/calls/{id:uuid}", "a", 2},
                      {"GET", "/calls/{day:date}", "a", 3},
                      {"GET", "/calls/{name}", "a", 4},
                      {"GET", "/calls/open", "a", 5},
                      {"GET", "/strict/{id:int}/x", "a", 6}}};
  const auto value = [&](std::string_view path) {
    const auto match = routes.match("GET", path);
    return match.outcome == Outcome::Found ? *match.value : 0;
  };
  EXPECT_EQ(value("/calls/17"), 1);
  EXPECT_EQ(value("/calls/-17"), 1);
  EXPECT_EQ(value("/calls/123456789012345678"), 1);
  EXPECT_EQ(value("/calls/1234567890123456789"), 4) << "more than 64 bits may hold";
  EXPECT_EQ(value("/calls/1.5"), 4);
  EXPECT_EQ(value("/calls/-"), 4);
  EXPECT_EQ(value("/calls/01890a5d-ac96-774b-bcce-B302099a8057"), 2);
  EXPECT_EQ(value("/calls/01890a5d-ac96-774b-bcce-b302099a805g"), 4);
  EXPECT_EQ(value("/calls/01890a5dxac96-774b-bcce-b302099a8057"), 4);
  EXPECT_EQ(value("/calls/2024-02-29"), 3);
  EXPECT_EQ(value("/calls/2025-02-29"), 4) << "no day of the calendar";
  EXPECT_EQ(value("/calls/2025-2-9"), 4);
  EXPECT_EQ(value("/calls/open"), 5);
  EXPECT_EQ(value("/strict/7/x"), 6);
  EXPECT_EQ(value("/strict/seven/x"), 0);
  EXPECT_EQ(routes.match("GET", "/calls/17").parameters, (Fields{{"id", "17"}}));
  EXPECT_EQ(routes.match("GET", "/calls/17").route_template, "/calls/{id}") << "as metrics name it";
  EXPECT_EQ(routes.match("POST", "/strict/7/x").outcome, Outcome::MethodNotAllowed);
  EXPECT_EQ(routes.match("POST", "/strict/seven/x").outcome, Outcome::NotFound);
}

TEST(Router, TypesAreTakenBackWhereTheyLeadNowhere) {
  const Table routes{{{"GET", "/a/{id:int}/x", "a", 1}, {"GET", "/a/{name}/{more}", "a", 2}}};
  const auto match = routes.match("GET", "/a/7/y");
  ASSERT_EQ(match.outcome, Outcome::Found);
  EXPECT_EQ(match.parameters, (Fields{{"name", "7"}, {"more", "y"}}));
}

TEST(Router, OneTypeAtOnePlaceIsOneRoute) {
  EXPECT_NO_THROW((Table{{{"GET", "/a/{id:int}", "a", 1}, {"GET", "/a/{id}", "b", 2}}}));
  EXPECT_THROW((Table{{{"GET", "/a/{id:int}", "a", 1}, {"GET", "/a/{n:int}", "b", 2}}}), Error);
}

TEST(Router, EachOfFiveHundredRoutesIsFound) {
  std::vector<Table::Route> all;
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    all.push_back({i % 2 == 0 ? "GET" : "POST",
                   "/api/plugin" + std::to_string(i / 50) + "/v1/things" + number + "/{id}", "p",
                   i});
  }
  const Table routes{std::move(all)};
  for (int i = 0; i < 500; ++i) {
    const std::string path =
        "/api/plugin" + std::to_string(i / 50) + "/v1/things" + std::to_string(i) + "/7";
    const auto match = routes.match(i % 2 == 0 ? "GET" : "POST", path);
    ASSERT_EQ(match.outcome, Outcome::Found) << path;
    EXPECT_EQ(*match.value, i);
  }
}

TEST(Router, TheNearestIsNamedWithoutTypes) {
  const Table routes{{{"GET", "/calls/{id:int}/notes", "a", 1}}};
  EXPECT_EQ(routes.nearest("/calls/7/note"), "/calls/{id}/notes");
  EXPECT_EQ(routes.nearest("/something/else"), "");
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
       {"", "x", "/a//b", "/a/", "/{}", "/a{b}", "/{a}b", "/{a-b}", "/{a}/{a}", "/{a", "/{", "/}",
        "/{:int}", "/{a:}", "/{a:text}", "/{a:int:int}", "/{a:int}/{a:uuid}",
        "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}"})
    EXPECT_THROW((Table{{{"GET", bad, "x", 1}}}), Error) << bad;
}

}  // namespace
}  // namespace bulkhead::host
