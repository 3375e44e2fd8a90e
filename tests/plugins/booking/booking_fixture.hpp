#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/testing/test_host.hpp>

namespace booking {

using bulkhead::testing::Headers;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using nlohmann::json;

/// A business with one service ("cut", 30 minutes, every 15) that Anna does on weekdays 09:00-12:00
/// in New York. It is Monday, 2026-01-05T08:00:00Z; Anna's first hour is 14:00Z.
class BookingTest : public testing::Test {
 protected:
  explicit BookingTest(TestHost::Settings settings = {}) : host_{"booking", settings} {}

  void SetUp() override { openBusiness("America/New_York"); }

  void openBusiness(std::string_view zone) {
    put("/services/cut", R"({"name":"Haircut","duration_min":30})");
    put("/schedules/week",
        fmt::format(R"({{"name":"Week","time_zone":"{}","rules":[{{"weekdays":)"
                    R"(["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"}}]}})",
                    zone));
    put("/resources/anna", R"({"name":"Anna","schedule":"week","services":["cut"]})");
  }

  static std::string path(std::string_view target) {
    return "/api/booking/v1" + std::string{target};
  }

  json put(std::string_view target, std::string_view body, const Headers& headers = {}) {
    const auto response = host_.put(path(target), body, headers);
    EXPECT_TRUE(response.status == 200 || response.status == 201)
        << target << ' ' << response.status << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }
  json get(std::string_view target) {
    const auto response = host_.get(path(target));
    EXPECT_EQ(response.status, 200) << target << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }
  TestResponse post(std::string_view target, std::string_view body, const Headers& headers = {}) {
    return host_.post(path(target), body, headers);
  }

  static std::string bookingBody(std::string_view start) {
    return fmt::format(R"({{"service":"cut","start":"{}","lead":{{"phone":"+12025550123"}}}})",
                       start);
  }
  TestResponse book(std::string_view start, const Headers& headers = {}) {
    return post("/appointments", bookingBody(start), headers);
  }
  json booked(std::string_view start) {
    const auto response = book(start);
    EXPECT_EQ(response.status, 201) << start << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }
  /// Posts an action with the version that was seen.
  TestResponse act(const json& seen, std::string_view action, std::string_view body = "{}") {
    return post(fmt::format("/appointments/{}/{}", seen.at("id").get<std::string>(), action), body,
                {{"If-Match", fmt::format("\"v{}\"", seen.at("version").get<int>())}});
  }
  json acted(const json& seen, std::string_view action, std::string_view body = "{}") {
    const auto response = act(seen, action, body);
    EXPECT_EQ(response.status, 200) << action << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }

  std::vector<std::string> starts(std::string_view query) {
    std::vector<std::string> found;
    const json answer = get(fmt::format("/slots?{}", query));
    for (const auto& slot : answer.at("slots")) found.push_back(slot.at("start"));
    return found;
  }

  TestHost host_;
};

}  // namespace booking
