#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/testing/test_host.hpp>

namespace accounting {

using bulkhead::testing::Headers;
using bulkhead::testing::TestHost;
using bulkhead::testing::TestResponse;
using nlohmann::json;

inline std::string path(std::string_view target) {
  return "/api/accounting/v1" + std::string{target};
}

using Amounts = std::vector<std::pair<std::string, std::int64_t>>;  ///< by the account's code

inline json entryBody(std::string_view date, const Amounts& amounts) {
  json body{{"date", date}, {"lines", json::array()}};
  for (const auto& [code, amount] : amounts) {
    body["lines"].push_back({{"code", code}, {"amount", amount}});
  }
  return body;
}

inline Headers ifMatch(const json& seen) {
  return {{"If-Match", fmt::format("\"v{}\"", seen.at("version").get<int>())}};
}

/// A company in the United States with the chart "services". It is Monday, 2026-01-05T08:00:00Z.
class BooksTest : public testing::Test {
 protected:
  void SetUp() override { setUp(); }

  void setUp() {
    const auto made =
        host_.post(path("/company/setup"), R"({"country":"US","template":"services"})");
    ASSERT_EQ(made.status, 201) << made.body;
  }

  json get(std::string_view target) {
    const auto response = host_.get(path(target));
    EXPECT_EQ(response.status, 200) << target << ' ' << response.body;
    return json::parse(response.body, nullptr, false);
  }
  TestResponse post(std::string_view target, const json& body, const Headers& headers = {}) {
    return host_.post(path(target), body.dump(), headers);
  }
  /// An entry that is posted at once.
  json posted(std::string_view date, const Amounts& amounts) {
    const auto response = post("/journal-entries?post=true", entryBody(date, amounts));
    EXPECT_EQ(response.status, 201) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  json drafted(std::string_view date, const Amounts& amounts) {
    const auto response = post("/journal-entries", entryBody(date, amounts));
    EXPECT_EQ(response.status, 201) << response.body;
    return json::parse(response.body, nullptr, false);
  }
  TestResponse act(const json& seen, std::string_view action, std::string_view body = "") {
    return host_.post(
        path(fmt::format("/journal-entries/{}/{}", seen.at("id").get<std::string>(), action)), body,
        ifMatch(seen));
  }
  json account(std::string_view code) {
    const json found = get("/accounts?limit=200");
    for (const auto& one : found.at("items")) {
      if (one.at("code") == code) return one;
    }
    ADD_FAILURE() << "no account " << code;
    return {};
  }

  TestHost host_{"accounting"};
};

}  // namespace accounting
