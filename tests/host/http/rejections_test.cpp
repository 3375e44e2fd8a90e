// Every status that the host itself refuses with: its body, its headers, its reason's counter.
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <bulkhead/error.hpp>

#include "host/http/front_fixture.hpp"
#include "http/shared_state.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::eventually;
using test::FrontTest;
using test::get;
using test::RawClient;

/// What a handler may throw; the path says which.
struct Refused {
  const char* name;
  Error error;
  int status;
  const char* reason;  ///< empty: it is no rejection of the host
};

std::vector<Refused> refusals() {
  return {
      {"Invalid", Error::validation("VALIDATION_ERROR", "x"), 400, "invalid"},
      {"NotFound", Error::notFound("NOT_FOUND", "x"), 404, "not_found"},
      {"Method", Error::validation("METHOD_NOT_ALLOWED", "x"), 405, "method_not_allowed"},
      {"Accept", Error::validation("NOT_ACCEPTABLE", "x"), 406, "not_acceptable"},
      {"Decoded", Error::validation("PAYLOAD_TOO_LARGE", "x"), 413, "body_too_large"},
      {"Type", Error::validation("UNSUPPORTED_MEDIA_TYPE", "x"), 415, "media_type"},
      {"Coding", Error::validation("UNSUPPORTED_CONTENT_CODING", "x"), 415, "media_type"},
      {"Crashed", Error::app("PLUGIN_CRASHED", "x"), 502, "plugin_crashed"},
      {"Vendor", Error::externalService("VENDOR_DOWN", "x"), 502, "external_service"},
      {"Closed", Error::app("PLUGIN_UNAVAILABLE", "x"), 503, "plugin_unavailable"},
      {"Circuit", Error::app("CIRCUIT_OPEN", "x"), 503, "circuit_open"},
      {"Store", Error::database("DATABASE_UNAVAILABLE", "x"), 503, "store_unavailable"},
      {"Full", Error::app("OVERLOADED", "x"), 503, "overloaded"},
      {"Late", Error::app("DEADLINE_EXCEEDED", "x"), 504, "deadline"},
      {"Taken", Error::conflict("SLOT_TAKEN", "x"), 409, ""},
      {"NoKey", Error::authentication("AUTHENTICATION_ERROR", "x"), 401, ""},
      {"Broken", Error::app("INTERNAL_ERROR", "x"), 500, ""},
  };
}

std::uint64_t sum(const std::map<std::string_view, std::uint64_t>& rejected) {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : rejected) all += count;
  return all;
}

class Rejections : public FrontTest, public testing::WithParamInterface<Refused> {};

TEST_P(Rejections, HaveTheirStatusTheirBodyAndTheirCounter) {
  const Refused& refused = GetParam();
  start({}, [&refused](const std::shared_ptr<Exchange>&) { throw refused.error; });
  RawClient client = this->client();
  client.send(get("/x"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, refused.status);
  EXPECT_NE(answer->body.find("\"code\":\"" + std::string{refused.error.code()} + "\""),
            std::string::npos);
  EXPECT_FALSE(answer->field("x-request-id").empty());
  EXPECT_EQ(answer->field("x-tail"), "passed");
  const std::uint64_t expected = refused.reason[0] == '\0' ? 0 : 1;
  EXPECT_TRUE(eventually([&] { return front().counters().active_requests == 0; }));
  EXPECT_EQ(sum(front().counters().rejected), expected);
  if (expected > 0) {
    EXPECT_EQ(rejected(refused.reason), 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(Statuses, Rejections, testing::ValuesIn(refusals()),
                         [](const auto& refused) { return std::string{refused.param.name}; });

TEST_F(FrontTest, Rfc9110_15_5_5_WhatABusinessDoesNotKnowIsNoUnknownPath) {
  start({}, [](const std::shared_ptr<Exchange>& exchange) {
    exchange->labels().route = "/calls/{id}";
    throw Error::notFound("NOT_FOUND", "No such call.");
  });
  EXPECT_EQ(statusOf(get("/calls/7")), 404);
  EXPECT_EQ(rejected("not_found"), 0U);
}

TEST_F(FrontTest, ADeadlineIsCountedOnce) {
  start({}, [](const std::shared_ptr<Exchange>& exchange) { exchange->setDeadline(20ms); });
  EXPECT_EQ(statusOf(get("/x")), 504);
  EXPECT_EQ(rejected("deadline"), 1U);
  EXPECT_EQ(sum(front().counters().rejected), 1U);
}

TEST(Rejection, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < static_cast<int>(Rejection::kCount); ++i)
    names.insert(nameOf(static_cast<Rejection>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Rejection::kCount));
  EXPECT_FALSE(rejectionOf("SLOT_TAKEN"));
}

}  // namespace
}  // namespace bulkhead::host
