#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kExitInternal = 70;

class Crash : public testing::Test {
 protected:
  void start(std::string_view id, const Environment& more = {}) {
    id_ = id;
    folder_.installHostile(id, "isolation = inprocess\n");  // what ends it ends the host
    folder_.installHostile("harmless");
    host_ = std::make_unique<HostProcess>(folder_, more);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText() << host_->errorText();
    ASSERT_EQ(host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  }
  HttpAnswer call(std::string_view id) const {
    return host_->keyed("salon").get(fmt::format("/api/{}/v1/fault", id));
  }
  HttpAnswer call() const { return call(id_); }
  json records() const {
    return json::parse(folder_.run({"crash", "list", "--json"}).output, nullptr, false);
  }

  HostFolder folder_;
  std::string id_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(Crash, C19_S133_TheRecordNamesPluginRouteAndSignalAndTheNextStartReportsIt) {
  start("handler-dereferences-null");
  EXPECT_EQ(call().status, 0) << "in-process, the host goes down with it";
  EXPECT_EQ(host_->awaitEnd(seconds{9}), 128 + SIGSEGV);
  EXPECT_THAT(host_->errorText(), HasSubstr("crashed with SIGSEGV in plugin " + id_));
  const json all = records();
  ASSERT_EQ(all.size(), 1U) << all;
  EXPECT_EQ(all[0].value("plugin", ""), id_);
  EXPECT_EQ(all[0].value("signal", ""), "SIGSEGV");
  EXPECT_EQ(all[0].value("address", ""), "0x0");
  EXPECT_EQ(all[0].value("step", ""), "GET");
  EXPECT_EQ(all[0].value("route", ""), fmt::format("/api/{}/v1/fault", id_));
  EXPECT_NE(all[0].value("request_id", ""), "");
  EXPECT_NE(all[0].value("build_id", ""), "");
  const std::string text = folder_.run({"crash", "show"}).output;
  EXPECT_THAT(text, ContainsRegex("  #0 0x[0-9a-f]+ [^ ]*plugin-cache/" + id_ +
                                  "/[0-9a-f]+\\.so\\+0x[0-9a-f]+"));
  EXPECT_THAT(text, HasSubstr("\"message\":\"Ready\"")) << "the last log lines";
  EXPECT_THAT(text, testing::Not(HasSubstr(std::string{kApiKey})));

  HostProcess next{folder_};
  ASSERT_TRUE(next.awaitReady());
  const json line = next.awaitLogLine(
      [](const json& one) { return one.value("message", "") == "An earlier run has crashed"; });
  EXPECT_EQ(line.value("level", ""), "ERROR") << next.logText();
  EXPECT_EQ(line.value("crashedPlugin", ""), id_);
  EXPECT_EQ(line.value("signal", ""), "SIGSEGV");
  EXPECT_EQ(next.stop(), 0);
  HostProcess third{folder_};
  ASSERT_TRUE(third.awaitReady());
  EXPECT_THAT(third.logText(), testing::Not(HasSubstr("An earlier run has crashed"))) << "once";
  EXPECT_EQ(third.stop(), 0);
  EXPECT_EQ(records().size(), 1U) << "and it is kept";
}

TEST_F(Crash, C19_NegativeControl_WithoutTheRecorderNothingIsThere) {
  start("handler-dereferences-null", {{"CRASH_RECORDS", "0"}});
  EXPECT_EQ(call().status, 0);
  EXPECT_EQ(host_->awaitEnd(seconds{9}), 128 + SIGSEGV);
  EXPECT_THAT(host_->errorText(), IsEmpty());
  EXPECT_TRUE(records().empty());
  EXPECT_THAT(folder_.run({"crash", "list"}).output, HasSubstr("No crash has been recorded."));
}

TEST_F(Crash, C19_AnExhaustedStackOfALaneIsRecorded) {
  start("handler-overflows-stack");
  EXPECT_EQ(call().status, 0);
  EXPECT_EQ(host_->awaitEnd(seconds{9}), 128 + SIGSEGV);
  ASSERT_EQ(records().size(), 1U);
  EXPECT_EQ(records()[0].value("plugin", ""), id_);
}

TEST_F(Crash, AFolderThatCannotBeUsedKeepsNobodyFromStarting) {
  std::ofstream{folder_.data() / "crash"} << "a file in its place";
  start("harmless");
  const json line = host_->awaitLogLine([](const json& one) {
    return one.value("message", "").starts_with("Crashes are not recorded");
  });
  EXPECT_EQ(line.value("level", ""), "WARN") << host_->logText();
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(host_->stop(), 0);
}

class Failures : public Crash {
 protected:
  static Environment production(const HostFolder& folder) {
    return {{"NODE_ENV", "production"},
            {"JWT_SECRET", "k3vT9qXw7LmB2zRfY8nHcD5sJ0pGaU6e"},
            {"SESSION_SECRET", "w8ZrN4yQe1XcV7bMk2TgP9hLs6FdJ3uA"},
            {"FRONTEND_URL", "https://app.example"},
            {"DATABASE_URL", "sqlite:" + folder.data().string()},
            {"SHUTDOWN_DELAY", "0s"}};
  }
  json failureLine() const {
    return host_->awaitLogLine([](const json& line) {
      return line.contains("error") && line["error"].value("code", "") == "UNHANDLED_FAILURE";
    });
  }
};

TEST_F(Failures, S96_S98_C19_AThreadOfAPluginFailsAndProductionGoesOn) {
  start("handler-thread-throws", production(folder_));
  EXPECT_EQ(call().status, 200);
  const json line = failureLine();
  EXPECT_EQ(line.value("level", ""), "ERROR") << host_->logText();
  EXPECT_EQ(line.value("plugin", ""), id_);
  EXPECT_EQ(line["error"].value("message", ""), "thrown by a thread of the plugin");
  EXPECT_EQ(line["error"].value("name", ""), "std::runtime_error");
  EXPECT_THAT(line["error"].value("stack", ""), HasSubstr(id_));
  EXPECT_EQ(line.value("outcome", ""), "the thread is left where it is");
  EXPECT_EQ(call("harmless").status, 200);
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(Failures, S96_C19_DevelopmentGoesOnToo) {
  start("handler-thread-throws");
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(failureLine().value("level", ""), "ERROR");
  EXPECT_EQ(call("harmless").status, 200);
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(Failures, S96_S98_C19_DevelopmentEndsWhenItIsToldTo) {
  start("handler-thread-throws", {{"DEV_EXIT_ON_UNHANDLED", "1"}});
  call();
  EXPECT_EQ(host_->awaitEnd(seconds{9}), kExitInternal);
  const json line = failureLine();
  EXPECT_EQ(line.value("level", ""), "FATAL") << host_->logText();
  EXPECT_EQ(line.value("outcome", ""), "the host ends");
}

TEST_F(Failures, S96_C19_ProductionDoesNotListenToThat) {
  Environment more = production(folder_);
  more["DEV_EXIT_ON_UNHANDLED"] = "1";
  start("handler-thread-throws", more);
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(failureLine().value("level", ""), "ERROR");
  EXPECT_EQ(call("harmless").status, 200);
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(Failures, S97_S98_C19_AnUncaughtExceptionDrainsProductionAndEndsWith70) {
  Environment more = production(folder_);
  more["DRAIN_TIMEOUT"] = "1s";
  start("handler-terminates", more);
  call();
  EXPECT_EQ(host_->awaitEnd(seconds{9}), kExitInternal) << host_->logText();
  const json line = failureLine();
  EXPECT_EQ(line.value("level", ""), "FATAL");
  EXPECT_EQ(line["error"].value("message", ""), "thrown where nothing may be thrown");
  EXPECT_NE(line["error"].value("stack", ""), "");
  EXPECT_EQ(line.value("outcome", ""), "the host stops");
  EXPECT_THAT(host_->logText(), HasSubstr("Draining"));
  EXPECT_THAT(host_->logText(), HasSubstr("\"message\":\"Stopped")) << "and what became of it";
}

TEST_F(Failures, S97_C19_AnUncaughtExceptionAbortsDevelopmentWithARecord) {
  start("handler-terminates");
  call();
  EXPECT_EQ(host_->awaitEnd(seconds{9}), 128 + SIGABRT);
  EXPECT_EQ(failureLine().value("outcome", ""), "the process is aborted");
  ASSERT_EQ(records().size(), 1U);
  EXPECT_EQ(records()[0].value("signal", ""), "SIGABRT");
  EXPECT_EQ(records()[0].value("plugin", ""), id_);
}

}  // namespace
}  // namespace bulkhead::integration
