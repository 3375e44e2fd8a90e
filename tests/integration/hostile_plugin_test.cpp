#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <thread>

#include "booking_business.hpp"
#include "host/plugins/hostile_files.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

using host::test::HostileFile;

void expectBooks(const HostProcess& host, std::string_view key) {
  const BookingBusiness salon{host};
  const HttpAnswer answer = salon.book(salon.starts(1).front(), key);
  EXPECT_EQ(answer.status, 201) << answer.body << answer.fault;
}

std::vector<HostileFile> allHostileFiles() {
  auto all = host::test::filesThatAreNoPlugins();
  for (auto& file : host::test::pluginsThatFailPreflight()) all.push_back(std::move(file));
  all.push_back({"start-throws", "failed", "start() refused: thrown on purpose"});
  all.push_back({"registers-late", "failed", "A plugin registers while it is created, and never"});
  return all;
}

void expectClosed(const HostProcess& host, const HostileFile& file) {
  const json plugin = host.plugin(file.id);
  EXPECT_EQ(plugin.value("state", ""), file.state) << plugin;
  EXPECT_THAT(plugin.value("reason", ""), HasSubstr(file.reason)) << file.id;
  EXPECT_LE(plugin.value("reason", "").size(), 4096U) << file.id;
  const HttpAnswer closed = host.keyed("salon").get(fmt::format("/api/{}/v1/fault", file.id));
  EXPECT_EQ(closed.status, 503) << file.id << closed.body;
  EXPECT_EQ(closed.errorCode(), "PLUGIN_UNAVAILABLE") << file.id;
}

// Goal: whatever lies in the folder costs its own compartment alone. Method: every hostile file
// that the tests know is installed at once, and one business books while they are examined.
TEST(HostilePlugins, S85_EachIsClosedWithItsReasonAndBookingGoesOn) {
  const auto all = allHostileFiles();
  const HostFolder folder;
  folder.install("booking");
  folder.installHostile("harmless");
  for (const auto& file : all) {
    host::test::makeHostile(file, folder.plugin(file.id));
    folder.configure(file.id, "enabled = true\n");
  }
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("booking").value("state", "") == "running"; }));
  const BookingBusiness salon{host};
  const auto starts = salon.starts(40);
  std::size_t booked = 0;
  for (; booked < starts.size() && host.client().get("/health/readiness").status != 200; ++booked)
    EXPECT_EQ(salon.book(starts[booked], fmt::format("beside-{}", booked)).status, 201);
  EXPECT_GE(booked, 2U) << "they were examined before anybody could book";
  ASSERT_TRUE(host.awaitReady(std::chrono::seconds{40})) << host.logText();
  for (const auto& file : all) expectClosed(host, file);
  EXPECT_EQ(host.plugin("harmless").value("state", ""), "running");
  expectBooks(host, "after");
  EXPECT_EQ(host.keyed("salon").get("/api/harmless/v1/fault").status, 200);
  EXPECT_EQ(host.stop(), 0) << host.logText();
}

/// Two hosts at once, as each waits some seconds for its child.
TEST(HostilePlugins, S85_S88_OneThatHangsAtItsStartIsClosedAndBookingAnswersMeanwhile) {
  const HostFolder creating;
  const HostFolder constructing;
  creating.install("booking");
  creating.installHostile("create-hangs");
  constructing.install("booking");
  constructing.installHostile("constructor-hangs");
  HostProcess first{creating};
  HostProcess second{constructing};
  for (const auto* host : {&first, &second}) {
    EXPECT_TRUE(await([&] { return host->plugin("booking").value("state", "") == "running"; }));
    expectBooks(*host, "meanwhile");
    EXPECT_EQ(host->client().get("/health/readiness").status, 503) << "it is still starting";
    EXPECT_EQ(host->client().get("/api/monitoring/ready").status, 503);
    EXPECT_EQ(host->client().get("/health/liveness").status, 200);
  }
  EXPECT_TRUE(first.awaitReady());
  EXPECT_TRUE(second.awaitReady());
  EXPECT_EQ(first.client().get("/api/monitoring/ready").status, 200);
  const json created = first.plugin("create-hangs");
  EXPECT_EQ(created.value("state", ""), "refused") << created;
  EXPECT_THAT(created.value("reason", ""), HasSubstr("5"));
  EXPECT_EQ(second.plugin("constructor-hangs").value("state", ""), "refused");
  EXPECT_EQ(first.stop(), 0);
  EXPECT_EQ(second.stop(), 0);
}

class FaultyHandlers : public testing::Test {
 protected:
  void start(std::string_view id, std::string_view settings) {
    folder_.install("booking");
    folder_.installHostile(id, settings);
    host_ = std::make_unique<HostProcess>(folder_);
    if (!host_->awaitReady()) throw std::runtime_error{"not ready: " + host_->logText()};
    salon_ = std::make_unique<BookingBusiness>(*host_);
    path_ = fmt::format("/api/{}/v1/fault", id);
  }
  HttpAnswer call() const { return host_->keyed("salon").get(path_); }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  std::unique_ptr<BookingBusiness> salon_;
  std::string path_;
};

TEST_F(FaultyHandlers, S50_S59_S61_AnExceptionIs500AndOnlyTheLogSaysWhich) {
  start("handler-throws", "enabled = true\n");
  for (int i = 0; i < 10; ++i) {
    const HttpAnswer answer = call();
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.errorCode(), "INTERNAL_ERROR");
    EXPECT_EQ(answer.json()["error"].value("statusCode", 0), 500);
  }
  expectBooks(*host_, "after");
  EXPECT_EQ(host_->plugin("handler-throws").value("state", ""), "running");
  const json line = host_->awaitLogLine([](const json& one) {
    return one.value("plugin", "") == "handler-throws" &&
           one.dump().find("thrown on purpose") != std::string::npos;
  });
  EXPECT_EQ(line.value("level", ""), "ERROR") << host_->logText();
  EXPECT_NE(line.value("requestId", ""), "");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(FaultyHandlers, S61_WhatIsNoExceptionIs500Too) {
  start("handler-throws-int", "enabled = true\n");
  EXPECT_EQ(call().status, 500);
  EXPECT_EQ(call().errorCode(), "INTERNAL_ERROR");
  expectBooks(*host_, "after");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(FaultyHandlers, S85_TwentyHungRequestsCostTheOthersNothing) {
  start("handler-hangs", "limits.threads = 4\nlimits.deadline_ms = 700\n");
  constexpr std::size_t kCalls = 20;
  const auto starts = salon_->starts(kCalls);
  std::vector<HttpAnswer> answers(kCalls);
  std::vector<std::thread> callers;
  for (auto& answer : answers) callers.emplace_back([&] { answer = call(); });
  EXPECT_TRUE(await([&] { return host_->plugin("handler-hangs").value("running", 0) == 4; }));
  milliseconds slowest{0};
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(salon_->book(starts[i], fmt::format("meanwhile-{}", i)).status, 201);
    slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(
                                    std::chrono::steady_clock::now() - begin));
  }
  fmt::print("slowest booking beside {} hung requests: {} ms\n", kCalls, slowest.count());
  for (auto& caller : callers) caller.join();
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.status, 504) << answer.body << answer.fault;
    EXPECT_EQ(answer.errorCode(), "DEADLINE_EXCEEDED");
  }
  const json hung = host_->plugin("handler-hangs");
  EXPECT_EQ(hung.value("state", ""), "hung");
  EXPECT_EQ(hung.value("stuck", 0), 4);
  EXPECT_THAT(hung.value("reason", ""), HasSubstr("4 threads"));
  const HttpAnswer refused = call();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.header("retry-after"), "");
  EXPECT_EQ(host_->client().get("/health").json().value("status", ""), "degraded");
  EXPECT_EQ(host_->client().get("/health/readiness").status, 200);
  EXPECT_NE(host_->stop(), -1) << "it must end although calls never return";
  EXPECT_THAT(host_->logText(), HasSubstr("left behind"));
}

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return text;
}

std::size_t countOf(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

/// What a C plugin can do wrong with an answer.
class RudeAnswers : public FaultyHandlers {
 protected:
  void expectRefused(std::string_view words, std::string_view code = "INTERNAL_ERROR") {
    const HttpAnswer answer = call();
    EXPECT_EQ(answer.status, 500) << answer.body << answer.fault;
    EXPECT_EQ(answer.errorCode(), code);
    const json line = host_->awaitLogLine(
        [&](const json& one) { return one.value("message", "").find(words) != std::string::npos; });
    EXPECT_FALSE(line.is_null()) << host_->logText();
    expectBooks(*host_, "after");
    EXPECT_EQ(host_->stop(), 0);
  }
};

TEST_F(RudeAnswers, NegativeControl_OneAnswerIsServed) {
  start("rude-not", "enabled = true\n");
  EXPECT_EQ(call().body, R"({"ok":true})");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(RudeAnswers, S61_AnsweringTwiceIs500) {
  start("answers-twice", "enabled = true\n");
  expectRefused("The plugin answered twice.");
}

TEST_F(RudeAnswers, S61_AnsweringNothingIs500) {
  start("answers-nothing", "enabled = true\n");
  expectRefused("The plugin answered nothing.");
}

TEST_F(RudeAnswers, S61_AStatusThatHttpDoesNotKnowIs500) {
  start("answers-status-zero", "enabled = true\n");
  expectRefused("The plugin answered with the status 0.");
}

TEST_F(RudeAnswers, AHeaderThatWouldSplitTheAnswerIsNotSent) {
  start("answers-split-header", "enabled = true\n");
  const HttpAnswer answer = call();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("x-injected") + answer.header("x-rude"), "");
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(RudeAnswers, AHeaderThatWouldSplitTheAnswerIs500FromCpp) {
  start("handler-splits-header", "enabled = true\n");
  expectRefused("The handler set a header that HTTP does not allow.", "INVALID_HEADER");
}

/// All that the host sends on one connection for two requests, the second of which closes it.
std::string conversation(const HostProcess& host, std::string_view path) {
  const auto request = [&](std::string_view connection) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: a\r\nX-API-Key: {}\r\nX-Tenant-Id: salon\r\n"
        "Connection: {}\r\n\r\n",
        path, kApiKey, connection);
  };
  return host.client().exchange(request("keep-alive") + request("close"));
}

TEST_F(RudeAnswers, TheFramingIsTheHostsWhateverThePluginSays) {
  start("answers-own-framing", "enabled = true\n");
  const std::string said = conversation(*host_, path_);
  const std::string body = R"({"ok":true})";
  EXPECT_EQ(countOf(said, "HTTP/1.1 200 OK\r\n"), 2U) << said;
  EXPECT_EQ(countOf(said, "Content-Length: 11\r\n"), 2U);
  EXPECT_EQ(countOf(lowered(said), "content-length:"), 2U);
  EXPECT_EQ(countOf(said, "\r\n\r\n" + body), 2U);
  EXPECT_TRUE(said.ends_with(body)) << "each answer ends where its body does";
  for (const char* word :
       {"transfer-encoding", "upgrade", "keep-alive", "forged", "allowall", "unsafe-url"})
    EXPECT_EQ(countOf(lowered(said), word), 0U) << word;
  EXPECT_EQ(countOf(lowered(said), "x-frame-options:"), 2U);
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(RudeAnswers, AFloodOfHeadersIs500) {
  start("answers-header-flood", "enabled = true\n");
  expectRefused("The plugin answered with more than 100 header fields");
}

TEST_F(RudeAnswers, S59_DetailsThatAreNoJsonAreLeftOutAndTheBodyStaysWhole) {
  start("refuses-without-json", "enabled = true\n");
  const HttpAnswer answer = call();
  EXPECT_EQ(answer.status, 409) << answer.body;
  ASSERT_TRUE(answer.json().is_object()) << answer.body;
  EXPECT_EQ(answer.errorCode(), "RUDE");
  EXPECT_EQ(answer.json()["error"].value("message", ""), "\"}\xEF\xBF\xBD");
  EXPECT_EQ(answer.body.find("injected"), std::string::npos);
  EXPECT_EQ(host_->stop(), 0);
}

/// The health contributor of a plugin is asked in the background.
class FaultyHealth : public FaultyHandlers {
 protected:
  /// Waits until the check says so, while booking answers and the host stays ready.
  void expectDegraded(std::string_view id, std::string_view words) {
    std::string body;
    EXPECT_TRUE(await([&] {
      body = host_->client().get("/health?details=true").body;
      return body.find(words) != std::string::npos;
    })) << body;
    EXPECT_EQ(host_->client().get("/health").json().value("status", ""), "degraded");
    EXPECT_EQ(host_->client().get("/health/readiness").status, 200);
    EXPECT_EQ(host_->plugin(id).value("state", ""), "running");
    EXPECT_EQ(call().status, 200) << "its own routes still answer";
    expectBooks(*host_, "after");
  }
};

TEST_F(FaultyHealth, S5_OneThatThrowsDegradesAndNothingElse) {
  start("health-throws", "enabled = true\n");
  expectDegraded("health-throws", "fault");
  EXPECT_EQ(host_->stop(), 0) << host_->logText();
}

TEST_F(FaultyHealth, S5_OneThatHangsIsTimeoutAndNothingElse) {
  start("health-hangs", "enabled = true\n");
  expectDegraded("health-hangs", "timeout");
  EXPECT_NE(host_->stop(), -1) << "it must end although a check never returns";
}

// 4 GiB are written; the host keeps none of it.
TEST_F(FaultyHealth, S5_OneThatFloodsIsCutOff) {
  start("health-floods", "enabled = true\n");
  expectDegraded("health-floods", "more than 65536 bytes");
  const std::uint64_t peak = host_->peakKilobytes();
  EXPECT_GT(peak, 0U);
  EXPECT_LT(peak, 1024U * 1024);
  EXPECT_EQ(host_->stop(), 0) << host_->logText();
}

TEST_F(FaultyHealth, S5_WhatIsNoJsonDegradesAndNothingElse) {
  start("health-no-json", "enabled = true\n");
  expectDegraded("health-no-json", "rude");
  EXPECT_EQ(host_->stop(), 0) << host_->logText();
}

// Goal: no child outlives its host. Method: the host is killed while its child hangs.
TEST(HostilePlugins, TheChildEndsWithTheHost) {
  const HostFolder folder;
  folder.installHostile("create-hangs");
  HostProcess host{folder};
  const auto copies = [&] { return processesNaming(folder.data().string()); };
  ASSERT_TRUE(await([&] { return copies() == 1; })) << "its child examines the copy";
  host.killHard();
  EXPECT_TRUE(await([&] { return copies() == 0; }));
}

TEST(RouteConflict, TheLaterPluginIsRefusedAndBothAreNamed) {
  const HostFolder folder;
  folder.install("greeter");
  folder.installHostile("greeter-rival");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const json rival = host.plugin("greeter-rival");
  EXPECT_EQ(rival.value("state", ""), "refused") << rival;
  EXPECT_THAT(rival.value("reason", ""), HasSubstr("/api/greeter/v1/hello/"));
  EXPECT_THAT(rival.value("reason", ""), HasSubstr("greeter-rival"));
  EXPECT_THAT(rival.value("reason", ""), testing::ContainsRegex("greeter[^-]"));
  EXPECT_EQ(host.plugin("greeter").value("state", ""), "running");
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  EXPECT_EQ(host.keyed("salon").get("/api/greeter/v1/hello/Ada").json().value("hello", ""), "Ada");
  EXPECT_EQ(host.stop(), 0);
}

TEST(RouteConflict, AloneTheRivalMayHaveThePath) {
  const HostFolder folder;
  folder.installHostile("greeter-rival");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(host.plugin("greeter-rival").value("state", ""), "running");
  EXPECT_EQ(host.stop(), 0);
}

TEST(RouteConflict, WhoDoesNotReplaceItMayNotHaveThePathEvenAlone) {
  const HostFolder folder;
  folder.installHostile("greeter-thief");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const json thief = host.plugin("greeter-thief");
  EXPECT_EQ(thief.value("state", ""), "refused") << thief;
  EXPECT_THAT(thief.value("reason", ""), HasSubstr("\"replaces\" does not name 'greeter'"));
  EXPECT_EQ(host.stop(), 0);
}

TEST(RouteConflict, AFileUnderAnotherNameIsRefused) {
  const HostFolder folder;
  folder.installHostile("twin");
  folder.installHostile("twin-again");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(host.plugin("twin").value("state", ""), "running");
  EXPECT_EQ(host.plugin("twin-again").value("state", ""), "refused");
  EXPECT_THAT(host.plugin("twin-again").value("reason", ""), HasSubstr("\"twin\""));
  EXPECT_EQ(host.stop(), 0);
}

// Goal: the order of files is no order of waiting. Method: the plugin behind one that hangs for
// 10 s is asked while that one hangs.
TEST(HostileStart, OneThatHangsAtItsStartDelaysNobody) {
  const HostFolder folder;
  folder.installHostile("start-hangs");
  folder.installHostile("twin");
  HostProcess host{folder};
  ASSERT_TRUE(await([&] { return host.plugin("twin").value("state", "") == "running"; }));
  EXPECT_EQ(host.plugin("start-hangs").value("state", ""), "starting");
  EXPECT_EQ(host.client().get("/health/readiness").status, 503) << "not all have been tried";
  host.killHard();
}

}  // namespace
}  // namespace bulkhead::integration
