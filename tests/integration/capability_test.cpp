#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

/// One plugin that provides a capability and one that wants it, in the life that is asked for.
class CapabilityTest : public testing::TestWithParam<std::string> {
 protected:
  CapabilityTest() { folder_.installHostile("borrower", life()); }

  std::string life() const { return fmt::format("isolation = {}\n", GetParam()); }
  bool isWorker() const { return GetParam() == "worker"; }

  void start(std::string_view lender_settings = "") {
    folder_.installHostile("lender", life() + std::string{lender_settings});
    startHost();
  }
  void startHost() {
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady());
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }

  HttpAnswer borrow(std::string_view how, std::string_view call = "lend") const {
    return host_->keyed("salon").post(fmt::format("/api/borrower/v1/{}", call),
                                      fmt::format(R"({{"how":"{}"}})", how));
  }
  /// Why nobody could answer, or what was answered instead.
  std::string unavailability(const HttpAnswer& answer) const {
    const json body = answer.json();
    if (answer.status != 200 || !body.contains("unavailable"))
      return fmt::format("{} {}", answer.status, answer.body);
    const json why = body["unavailable"];
    return fmt::format("{}{}", why.value("reason", ""), why.value("begun", false) ? ", begun" : "");
  }
  /// What the lender was answered: by whom, or why by nobody.
  HttpAnswer ask(std::string_view how) const {
    return host_->keyed("salon").post("/api/lender/v1/ask", fmt::format(R"({{"how":"{}"}})", how));
  }
  static std::string fallback(const HttpAnswer& answer) {
    const json body = answer.json();
    return body.value("fallback", false) && body["answer"].value("process", -1) == 0
               ? body.value("reason", "")
               : fmt::format("{} {}", answer.status, answer.body);
  }
  HttpAnswer change(std::string_view verb) const {
    return host_->keyed().post(fmt::format("/api/admin/plugins/lender/{}", verb), "");
  }
  json capability(std::string_view name) const {
    const json all = host_->keyed().get("/api/admin/capabilities").json();
    for (const auto& one : all.value("data", json::array())) {
      if (one.value("capability", "") == name) return one;
    }
    return {};
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

INSTANTIATE_TEST_SUITE_P(Both, CapabilityTest, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

TEST_P(CapabilityTest, TheTwoMeetWithoutKnowingEachOther) {
  start();
  const HttpAnswer lent = borrow("gladly");
  ASSERT_EQ(lent.status, 200) << lent.body;
  const auto process = lent.json()["answer"].value("process", 0);
  EXPECT_EQ(process == host_->id(), !isWorker());
  const HttpAnswer refused = borrow("refuse");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json()["error"].value("code", ""), "NO_MONEY");
  EXPECT_EQ(capability("loans/1").value("state", ""), "provided");
  EXPECT_EQ(capability("payments/1").value("state", ""), "unused");
  EXPECT_GE(capability("payments/1").value("calls", json::array()).size(), 5U);
}

// Control: without the tenant of the message a worker's handler asks for nobody.
TEST_P(CapabilityTest, WhatAHandlerAsksForIsForTheTenantOfItsMessage) {
  start();
  const HttpAnswer direct = borrow("gladly", "look");
  ASSERT_EQ(direct.status, 200) << direct.body;
  const std::string tenant = direct.json()["answer"].value("tenant", "");
  EXPECT_NE(tenant, "");
  ASSERT_EQ(borrow("later", "errands").status, 200);
  const auto told = [&] {
    return host_->client().get("/api/borrower/v1/errands").json()["answer"];
  };
  ASSERT_TRUE(await([&] { return told().is_object(); }));
  EXPECT_EQ(told().value("tenant", ""), tenant);
}

TEST_P(CapabilityTest, ClosedItIsUnavailableAtOnceAndOpenAgainItAnswers) {
  start();
  ASSERT_EQ(change("disable").status, 200);
  const auto begin = Steady::now();
  EXPECT_EQ(unavailability(borrow("gladly")), "closed");
  EXPECT_LT(Steady::now() - begin, milliseconds{2000});
  EXPECT_EQ(borrow("gladly", "careless").status, 503) << "what the plugin lets pass";
  EXPECT_EQ(capability("loans/1").value("state", ""), "lost");
  const CommandEnd shown = folder_.run({"capabilities"});
  EXPECT_NE(shown.output.find("loans/1"), std::string::npos) << shown.output;
  EXPECT_NE(shown.output.find("'lender' is disabled."), std::string::npos) << shown.output;
  ASSERT_EQ(change("enable").status, 200);
  EXPECT_EQ(borrow("gladly").json().contains("answer"), true);
}

TEST_P(CapabilityTest, WithoutAnyProviderItIsMissing) {
  startHost();
  EXPECT_EQ(unavailability(borrow("gladly")), "missing");
  EXPECT_EQ(capability("loans/1").value("state", ""), "lost");
  EXPECT_EQ(folder_.run({"capabilities", "--json"}).code, 0);
}

// Goal: nobody waits for ever for a provider that died of the call. Method: it dies of each; then
// of the first one only, which its contract says may be begun once more.
TEST_P(CapabilityTest, AProviderThatDiesOfACallOwesNoAnswer) {
  if (!isWorker()) return;  // there it would be the host that dies
  start();
  const auto begin = Steady::now();
  EXPECT_EQ(unavailability(borrow("die")), "crashed, begun");
  EXPECT_LT(Steady::now() - begin, milliseconds{3000});
  const HttpAnswer looked = borrow("die once", "look");
  EXPECT_TRUE(looked.json().contains("answer")) << looked.body;
}

// Goal: calls that hang in the provider cost the others nothing. Method: as many as it takes, and
// more; meanwhile the consumer's other routes answer, and each caller has an answer in its time.
TEST_P(CapabilityTest, TwentyHungCallsCostTheOthersNothing) {
  start("limits.failures = 0\n");
  const auto begin = Steady::now();
  std::vector<std::future<HttpAnswer>> hung;
  for (int i = 0; i < 20; ++i)
    hung.push_back(std::async(std::launch::async, [this] { return borrow("hang"); }));
  ASSERT_TRUE(await([&] { return host_->plugin("lender").value("running", 0) == 4; }));
  for (int i = 0; i < 20; ++i) {
    const auto asked = Steady::now();
    EXPECT_EQ(host_->client().get("/api/borrower/v1/quick").status, 200);
    EXPECT_LT(Steady::now() - asked, milliseconds{500});
  }
  std::multiset<std::string> ends;
  for (auto& answer : hung) ends.insert(unavailability(answer.get()));
  EXPECT_LT(Steady::now() - begin, milliseconds{5000});
  EXPECT_EQ(ends.count("deadline, begun") + ends.count("overloaded"), 20U)
      << json(std::vector<std::string>{ends.begin(), ends.end()}).dump();
  EXPECT_GE(ends.count("overloaded"), 8U) << "as its manifest bounds it";
  ASSERT_TRUE(await([&] { return borrow("gladly").json().contains("answer"); }));
}

TEST_P(CapabilityTest, AnAskIsAnsweredOrHasItsFallBack) {
  start();
  const HttpAnswer answered = ask("gladly");
  ASSERT_EQ(answered.status, 200) << answered.body;
  EXPECT_FALSE(answered.json().value("fallback", true)) << answered.body;
  EXPECT_EQ(answered.json()["answer"].value("process", 0) == host_->id(), !isWorker());
  EXPECT_EQ(ask("refuse").json()["error"].value("code", ""), "NOT_NOW");
  EXPECT_EQ(fallback(ask("nonsense")), "mistaken_answer");
  const auto begin = Steady::now();
  EXPECT_EQ(fallback(ask("hang")), "deadline");
  EXPECT_LT(Steady::now() - begin, milliseconds{3000});
  const json asked = capability("loans/1")["asks"][0];
  EXPECT_EQ(asked.value("ask", ""), "may_lend");
  EXPECT_EQ(asked.value("plugin", ""), "borrower");
  EXPECT_NE(folder_.run({"capabilities"}).output.find("may_lend: borrower (running)"),
            std::string::npos);
  ASSERT_EQ(host_->keyed().post("/api/admin/plugins/borrower/disable", "").status, 200);
  EXPECT_EQ(fallback(ask("gladly")), "closed");
}

TEST_P(CapabilityTest, WhoDiesOfAnAskLeavesItsFallBack) {
  if (!isWorker()) return;  // there it would be the host that dies
  start();
  EXPECT_EQ(fallback(ask("die")), "crashed");
  ASSERT_TRUE(await([&] { return !ask("gladly").json().value("fallback", true); }));
}

// Goal: what a dead worker has sent to the outside ends with it, and not with its own deadline.
// Method: a service that never answers. Control: while the worker lives, the connection does.
TEST_P(CapabilityTest, WhatADeadWorkerHasSentEnds) {
  if (!isWorker()) return;  // there it would be the host that dies
  folder_.writeConfiguration("egress.allow_networks = 127.0.0.0/8\negress.plain_http = true\n");
  start();
  Poco::Net::ServerSocket service{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  const std::string port = std::to_string(service.address().port());
  auto sent = std::async(std::launch::async, [&] { return borrow(port, "reach"); });
  ASSERT_TRUE(service.poll(Poco::Timespan{20, 0}, Poco::Net::Socket::SELECT_READ));
  Poco::Net::StreamSocket connection = service.acceptConnection();
  char bytes[4096];
  ASSERT_GT(connection.receiveBytes(bytes, sizeof bytes), 0);
  EXPECT_FALSE(connection.poll(Poco::Timespan{0, 300'000}, Poco::Net::Socket::SELECT_READ));
  const auto begin = Steady::now();
  borrow("die", "consent");
  ASSERT_TRUE(connection.poll(Poco::Timespan{20, 0}, Poco::Net::Socket::SELECT_READ));
  EXPECT_EQ(connection.receiveBytes(bytes, sizeof bytes), 0);
  EXPECT_LT(Steady::now() - begin, milliseconds{5000});
  EXPECT_EQ(sent.get().status, 502);
}

// Goal: asks under a saturated pool of requests are answered in time. Method: every request thread
// of the one who answers hangs. Control: the same work as a request, which waits behind them.
TEST_P(CapabilityTest, AsksAreAnsweredWhileEveryRequestHangs) {
  folder_.installHostile("borrower", life() + "limits.threads = 2\nlimits.failures = 0\n");
  start();
  const auto consent = [this](std::string_view how) { return borrow(how, "consent"); };
  std::vector<std::future<HttpAnswer>> hung;
  for (int i = 0; i < 2; ++i) hung.push_back(std::async(std::launch::async, consent, "hang"));
  ASSERT_TRUE(await([&] { return host_->plugin("borrower").value("running", 0) == 2; }));
  auto waits = std::async(std::launch::async, consent, "gladly");
  for (int i = 0; i < 10; ++i) {
    const auto begin = Steady::now();
    const HttpAnswer answer = ask("gladly");
    EXPECT_FALSE(answer.json().value("fallback", true)) << answer.body;
    EXPECT_LT(Steady::now() - begin, milliseconds{500});
  }
  EXPECT_EQ(host_->plugin("borrower").value("running", 0), 2) << "they hang, all the time";
  EXPECT_EQ(waits.wait_for(milliseconds{0}), std::future_status::timeout) << "the control";
  for (auto& answer : hung) answer.get();
  waits.get();
}

}  // namespace
}  // namespace bulkhead::integration
