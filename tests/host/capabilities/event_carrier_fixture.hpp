#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/capabilities/bank.hpp"

namespace bulkhead::host {

/// Who publishes and who listens, in this process, with the carrier between them.
class EventCarrierTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;
  static constexpr std::chrono::milliseconds kPatience{5'000};

  EventCarrierTest() { teller_.start(); }
  ~EventCarrierTest() override { carrier_.end(); }

  void begin() {
    carrier_.begin([this] { return std::vector{teller_.compartment, clerk_.compartment}; });
  }
  void publish(int from, int count, std::string_view subject = {}) {
    for (int i = from; i < from + count; ++i)
      bank::Teller::last->publish("deposited", fmt::format(R"({{"amount":{}}})", i),
                                  {.subject = subject, .key = fmt::format("k{}", i)});
  }
  static std::vector<std::string> ids(int from, int count) {
    std::vector<std::string> all;
    for (int i = from; i < from + count; ++i) all.push_back(fmt::format("deposited:k{}", i));
    return all;
  }
  static std::vector<std::string> sorted(std::vector<std::string> list) {
    std::sort(list.begin(), list.end());
    return list;
  }
  Json ask(const std::string& plugin, const Json& request) {
    return Json::parse(carrier_.ask(plugin, request.dump(), kPatience));
  }
  std::int64_t outboxPending() {
    const Json figures = ask("teller", {{"verb", "figures"}});
    return figures.at("outbox").empty() ? 0
                                        : figures.at("outbox")[0].at("pending").get<std::int64_t>();
  }
  int outcomes(const std::string& outcome) {
    const std::lock_guard lock{mutex_};
    return outcomes_[outcome];
  }

  bank::MovedClock clock_;
  std::mutex mutex_;
  std::map<std::string, int> outcomes_;
  EventCarrier carrier_{
      {std::chrono::hours{24 * 30}, std::chrono::hours{24 * 30}, std::chrono::hours{24 * 90}},
      [this](std::string_view, std::string_view, std::string_view outcome) {
        const std::lock_guard lock{mutex_};
        ++outcomes_[std::string{outcome}];
      }};
  bank::Lodger<bank::Teller> teller_{"teller", bank::provided(), &carrier_, clock_};
  bank::Lodger<bank::Clerk> clerk_{"clerk", bank::wanted(), &carrier_, clock_};
};

}  // namespace bulkhead::host
