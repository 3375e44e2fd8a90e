#include "replacement.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// A test for each of a plugin's two lives.
class PluginChanges : public testing::TestWithParam<std::string> {
 protected:
  PluginChanges() : place_{GetParam()} {}
  void SetUp() override { ASSERT_TRUE(place_.isReady()) << place_.host().logText(); }

  json details(const HttpAnswer& answer) const { return answer.json()["error"]["details"]; }
  json logOf(std::string_view outcome) {
    return place_.host().awaitLogLine(
        [&](const json& line) { return line.value("outcome", "") == outcome; });
  }
  bool isWorker() const { return GetParam() == "worker"; }

  /// What a reload that has to fail comes to, under load: nobody notices.
  json failedReload() {
    SteadyLoad load{place_, {"/word", "/old", "/notes"}};
    EXPECT_TRUE(load.awaitMore(30));
    const HttpAnswer answer = place_.change("reload");
    EXPECT_TRUE(load.awaitMore(30));
    EXPECT_THAT(load.end(), IsEmpty());
    EXPECT_EQ(answer.status, 422) << answer.body << answer.fault;
    EXPECT_EQ(answer.errorCode(), "PLUGIN_NOT_REPLACED");
    const json told = details(answer);
    EXPECT_EQ(told.value("outcome", ""), "rolled_back") << answer.body;
    EXPECT_EQ(told.value("generation", 0), 1) << place_.plugin();
    EXPECT_EQ(told.value("version_before", ""), "1.4.0");
    EXPECT_EQ(logOf("rolled_back").value("reason", ""), told.value("reason", "-"));
    EXPECT_EQ(place_.get("/old").json().value("version", 0), 1);
    EXPECT_EQ(place_.plugin().value("state", ""), "running");
    return told;
  }

  Replacement place_;
};

INSTANTIATE_TEST_SUITE_P(Lives, PluginChanges, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

// Goal: a newer version takes the place of an older one, and no request fails. Method: clients that
// never pause, reading and writing, through three reloads; the control below shows that they see
// what fails.
TEST_P(PluginChanges, UnderLoadNoRequestFails) {
  SteadyLoad load{place_, {"/word", "/word?ms=20", "/notes", "/changed"}};
  ASSERT_TRUE(load.awaitMore(50));
  for (const auto& [version, number] : {std::pair{"two", 2}, {"one", 1}, {"two", 2}}) {
    place_.install(version);
    const HttpAnswer answer = place_.change("reload");
    ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
    EXPECT_EQ(answer.json().value("outcome", ""), "reloaded");
    EXPECT_EQ(answer.json().value("aborted", 9), 0) << answer.body;
    EXPECT_EQ(place_.get("/word").json().value("version", 0), number);
    ASSERT_TRUE(load.awaitMore(50));
  }
  EXPECT_THAT(load.end(), IsEmpty());
  EXPECT_EQ(place_.get("/notes").json().value("rows", std::size_t{0}), load.written())
      << "both generations wrote by turns: none is lost, none is there twice";
  EXPECT_EQ(place_.plugin().value("generation", 0), 4);
  EXPECT_EQ(place_.host().stop(), 0);
}

TEST_P(PluginChanges, ControlADisabledPluginFailsRequestsUnderTheSameLoad) {
  SteadyLoad load{place_, {"/word", "/notes"}};
  ASSERT_TRUE(load.awaitMore(20));
  ASSERT_EQ(place_.change("disable").status, 200);
  ASSERT_TRUE(load.awaitMore(5));
  ASSERT_EQ(place_.change("enable").status, 200);
  const auto failures = load.end();
  EXPECT_THAT(failures, Not(IsEmpty()));
  EXPECT_THAT(failures, Each(StartsWith("503 ")));
}

TEST_P(PluginChanges, AnotherVersionBringsItsRoutesAndTheAnswerSaysWhatHappened) {
  EXPECT_EQ(place_.get("/old").status, 200);
  EXPECT_EQ(place_.get("/new").status, 404);
  place_.install("two");
  const HttpAnswer answer = place_.change("reload");
  ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
  const json told = answer.json();
  EXPECT_EQ(told.value("version_before", ""), "1.4.0");
  EXPECT_EQ(told.value("version", ""), "2.0.0");
  EXPECT_EQ(told.value("generation_before", 0), 1);
  EXPECT_EQ(told.value("generation", 0), 2);
  EXPECT_EQ(told.value("old_code", ""), isWorker() ? "ended with its process" : "left memory");
  EXPECT_EQ(place_.get("/old").status, 404);
  EXPECT_EQ(place_.get("/new").json().value("version", 0), 2);
  const json api = place_.host().client().get("/openapi.json").json();
  EXPECT_TRUE(api["paths"].contains("/api/changeling/v1/new")) << api["paths"].dump();
  EXPECT_FALSE(api["paths"].contains("/api/changeling/v1/old"));
  EXPECT_EQ(place_.plugin().value("version", ""), "2.0.0");
  EXPECT_EQ(logOf("reloaded").value("pluginVersion", ""), "2.0.0");
  const std::string metrics = place_.host().client().get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("changeling_words_total"));
  const json rows = place_.host().keyed().get("/api/admin/audit").json()["data"];
  const bool audited = std::any_of(rows.begin(), rows.end(), [](const json& row) {
    return row.value("action", "") == "POST /api/admin/plugins/{id}/reload";
  });
  EXPECT_TRUE(audited) << rows.dump();
}

TEST_P(PluginChanges, ABrokenFileIsRolledBack) {
  const auto half = place_.folder().path() / "half";
  std::filesystem::copy_file(HostFolder::builtHostile("changeling-two"), half);
  std::filesystem::resize_file(half, std::filesystem::file_size(half) / 2);
  std::filesystem::rename(half, place_.folder().plugin("changeling"));
  EXPECT_NE(failedReload().value("reason", ""), "");
}

TEST_P(PluginChanges, AStartThatThrowsIsRolledBack) {
  place_.install("two", "mood = throws\n");
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("start()"));
}

TEST_P(PluginChanges, AStartThatHangsIsRolledBack) {
  place_.install("two", "mood = hangs\n");
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("did not return within"));
}

TEST_P(PluginChanges, ACriticalOneIsRolledBack) {
  place_.install("two", "mood = critical\n");
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("In a bad mood."));
}

TEST_P(PluginChanges, ARouteOfAnotherPluginIsRolledBack) {
  place_.install("two", "mood = greedy\n");
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("greeter"));
  EXPECT_EQ(place_.host().keyed("salon").get("/api/greeter/v1/hello/Ada").status, 200);
}

TEST_P(PluginChanges, AFileThatIsGoneIsRolledBack) {
  std::filesystem::remove(place_.folder().plugin("changeling"));
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("changeling.so"));
}

TEST_P(PluginChanges, ItsSettingsAreReadAnew) {
  EXPECT_EQ(place_.get("/word").json().value("word", ""), "hello");
  place_.configure("word = ahoy\n");
  ASSERT_EQ(place_.change("reload").status, 200);
  EXPECT_EQ(place_.get("/word").json().value("word", ""), "ahoy");
  const HttpAnswer again = place_.host().keyed().post("/api/admin/config/reload", "");
  EXPECT_EQ(again.json().value("outcome", ""), "unchanged") << again.body;
}

TEST_P(PluginChanges, DisabledItAnswers503UntilItIsEnabled) {
  const CommandEnd off = place_.folder().run({"plugin", "disable", "changeling"});
  EXPECT_EQ(off.code, 0) << off.errors;
  EXPECT_THAT(off.output, HasSubstr("switched off"));
  EXPECT_EQ(place_.plugin().value("state", ""), "disabled");
  EXPECT_EQ(place_.plugin().value("reason", ""), "switched off by an operator");
  const HttpAnswer closed = place_.get("/word");
  EXPECT_EQ(closed.status, 503);
  EXPECT_NE(closed.header("retry-after"), "");
  EXPECT_TRUE(await([&] {
    return place_.host().client().get("/health").json().value("status", "") == "healthy";
  })) << place_.host().client().get("/health").body;
  const CommandEnd on = place_.folder().run({"plugin", "enable", "changeling", "--json"});
  EXPECT_EQ(on.code, 0) << on.errors;
  EXPECT_EQ(json::parse(on.output, nullptr, false).value("outcome", ""), "started") << on.output;
  EXPECT_EQ(place_.get("/word").status, 200);
  EXPECT_EQ(place_.change("enable").status, 409);
}

TEST_P(PluginChanges, OneThatWasInstalledSinceTheStartIsEnabled) {
  place_.folder().install("stripe");
  const CommandEnd on = place_.folder().run({"plugin", "enable", "stripe"});
  EXPECT_EQ(on.code, 0) << on.errors;
  EXPECT_EQ(place_.host().plugin("stripe").value("state", ""), "running");
  EXPECT_EQ(place_.host().keyed().post("/api/admin/plugins/nobody/reload", "").status, 404);
}

TEST_P(PluginChanges, ALongRequestEndsInTheOldGeneration) {
  auto slow = std::async(std::launch::async, [&] { return place_.get("/word?ms=1200"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  place_.install("two");
  const HttpAnswer answer = place_.change("reload");
  EXPECT_EQ(answer.json().value("drained", 0), 1) << answer.body;
  EXPECT_EQ(answer.json().value("aborted", 9), 0);
  const HttpAnswer ended = slow.get();
  EXPECT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(ended.json().value("version", 0), 1);
}

TEST_P(PluginChanges, AHungRequestIsAbortedAfterThePatience) {
  auto hung = std::async(std::launch::async, [&] { return place_.get("/word?ms=4000"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  place_.install("two");
  const HttpAnswer answer = place_.change("reload?patience_ms=200");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().value("aborted", 0), 1) << answer.body;
  EXPECT_THAT(answer.json().value("summary", ""), HasSubstr("1 call did not end"));
  const std::string_view fate = isWorker() ? "ended with its process" : "do not return";
  EXPECT_THAT(answer.json().value("old_code", ""), HasSubstr(std::string{fate}));
  EXPECT_EQ(place_.get("/word").json().value("version", 0), 2);
  const HttpAnswer ended = hung.get();
  EXPECT_EQ(ended.json().value("version", 0), isWorker() ? 2 : 1) << "a GET is begun once more";
}

// Goal: when the patience of a reload is over, what the old generation had not begun goes to the
// new one, and what a worker had begun and nobody may repeat is told so. Method: its two threads
// stand still, reading and writing, and more calls wait behind them.
TEST_P(PluginChanges, WhatTheOldGenerationHadNotBegunIsAnsweredByTheNewOne) {
  place_.configure("limits.threads = 2\n");
  ASSERT_EQ(place_.change("reload").status, 200);
  auto reading = std::async(std::launch::async, [&] { return place_.get("/word?ms=6000"); });
  auto writing = std::async(std::launch::async, [&] { return place_.post("/slow?ms=6000"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 2; }));
  std::vector<std::future<HttpAnswer>> waiting;
  for (int i = 0; i < 20; ++i)
    waiting.push_back(std::async(std::launch::async, [&] { return place_.post("/notes"); }));
  ASSERT_TRUE(await([&] { return place_.plugin().value("queued", 0) == 20; }));
  place_.install("two", "limits.threads = 2\n");
  const HttpAnswer answer = place_.change("reload?patience_ms=200");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().value("aborted", 0), 2) << answer.body;
  EXPECT_EQ(answer.json().value("passed_on", 0), 20) << answer.body;
  for (auto& one : waiting) EXPECT_EQ(one.get().status, 200);
  EXPECT_EQ(writing.wait_for(std::chrono::seconds{0}) == std::future_status::ready, isWorker())
      << "in the host they did not wait for what hangs";
  EXPECT_EQ(place_.get("/notes").json().value("rows", 0), 20);
  const HttpAnswer written = writing.get();
  EXPECT_EQ(written.status, isWorker() ? 502 : 200) << written.body;
  EXPECT_EQ(written.errorCode(), isWorker() ? "PLUGIN_CRASHED" : "");
  reading.get();
}

TEST(PluginChange, AStartThatCrashesItsWorkerLeavesARecord) {
  Replacement place{"worker"};
  ASSERT_TRUE(place.isReady());
  place.install("two", "mood = aborts\n");
  EXPECT_EQ(place.change("reload").status, 422);
  EXPECT_EQ(place.get("/word").json().value("version", 0), 1);
  std::string record;
  EXPECT_TRUE(await([&] {
    record = place.folder().run({"crash", "show"}).output;
    return record.find("plugin: changeling") != std::string::npos;
  }));
  EXPECT_THAT(record, testing::AllOf(HasSubstr("SIGABRT"), HasSubstr("backtrace:")));
}

TEST_P(PluginChanges, TwoChangesOfOnePluginDoNotMeet) {
  auto slow = std::async(std::launch::async, [&] { return place_.get("/word?ms=1500"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  auto first = std::async(std::launch::async, [&] { return place_.change("reload"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("generation", 0) == 2; }));
  const HttpAnswer second = place_.change("reload");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.errorCode(), "PLUGIN_BUSY");
  EXPECT_EQ(first.get().status, 200);
  slow.get();
}

TEST_P(PluginChanges, ASlowOneIsToldToGoOnAndWhereToLook) {
  place_.install("two", "mood = slow\n");
  const HttpAnswer begun = place_.change("reload?wait_ms=0");
  EXPECT_EQ(begun.status, 202) << begun.body;
  EXPECT_EQ(begun.json().value("state", ""), "running");
  EXPECT_THAT(begun.json().value("summary", ""), HasSubstr(begun.header("location")));
  const auto shown = [&] { return place_.host().keyed().get(begun.header("location")).json(); };
  EXPECT_EQ(shown().value("state", ""), "running");
  ASSERT_TRUE(await([&] { return shown().value("state", "") != "running"; }));
  EXPECT_EQ(shown().value("state", ""), "done");
  EXPECT_EQ(shown()["answer"].value("outcome", ""), "reloaded");
  EXPECT_EQ(place_.get("/word").json().value("version", 0), 2);
  place_.configure("mood = throws\n");
  const std::string failed = place_.change("reload?wait_ms=0").header("location");
  ASSERT_TRUE(await(
      [&] { return place_.host().keyed().get(failed).json().value("state", "") == "failed"; }));
  EXPECT_EQ(place_.host().keyed().get(failed).json()["answer"]["error"].value("code", ""),
            "PLUGIN_NOT_REPLACED");
  EXPECT_EQ(place_.change("reload?wait_ms=soon").status, 400);
}

TEST_P(PluginChanges, TheCommandWaitsForASlowOne) {
  place_.install("two", "mood = slow\n");
  const CommandEnd end = place_.folder().run({"plugin", "reload", "changeling"});
  EXPECT_EQ(end.code, 0) << end.errors;
  EXPECT_THAT(end.output, HasSubstr("changeling 2.0.0 runs as generation 2"));
  EXPECT_THAT(end.errors, HasSubstr("GET /api/admin/changes/"));
  const CommandEnd begun = place_.folder().run({"plugin", "disable", "changeling", "--no-wait"});
  EXPECT_EQ(begun.code, 0) << begun.errors;
  EXPECT_TRUE(await([&] { return place_.plugin().value("state", "") == "disabled"; }));
}

// Goal: changes that take long leave the rest of administration alone. Method: more of them than it
// has threads, each of a plugin that hangs; all still run when another request has its answer.
TEST(PluginChange, SlowOnesDoNotHoldUpAdministration) {
  Replacement place{"worker"};
  ASSERT_TRUE(place.isReady());
  const std::vector<std::string> plugins{"create-hangs", "constructor-hangs", "destroy-hangs",
                                         "start-hangs", "changeling"};
  for (const auto& plugin : plugins)
    if (plugin != "changeling") place.folder().installHostile(plugin);
  place.install("two", "mood = hangs\n");
  std::vector<std::future<HttpAnswer>> changes;
  for (const auto& plugin : plugins) {
    changes.push_back(std::async(std::launch::async, [&] {
      return place.host().keyed().post(fmt::format("/api/admin/plugins/{}/{}", plugin,
                                                   plugin == "changeling" ? "reload" : "enable"),
                                       "");
    }));
  }
  const auto running = [&] {
    const json data = place.host().keyed().get("/api/admin/changes").json()["data"];
    return std::count_if(data.begin(), data.end(),
                         [](const json& change) { return change.value("state", "") == "running"; });
  };
  ASSERT_TRUE(await([&] { return running() == 5; }));
  EXPECT_EQ(place.host().keyed().get("/api/admin/tenants").status, 200);
  EXPECT_EQ(place.host().keyed().get("/health/readiness").status, 200);
  EXPECT_EQ(running(), 5) << "they still are";
  for (auto& change : changes) EXPECT_EQ(change.get().status, 422);
}

TEST_P(PluginChanges, AStopOfTheHostEndsAReload) {
  place_.install("two", "mood = hangs\n");
  auto reload = std::async(std::launch::async, [&] {
    while (place_.change("reload").errorCode() == "PLUGIN_BUSY")
      continue;  // met the question below
  });
  ASSERT_TRUE(await([&] { return place_.change("release").errorCode() == "PLUGIN_BUSY"; }));
  EXPECT_EQ(place_.host().stop(), 0) << place_.host().logText();
  reload.get();
}

// Goal: a hot reload never changes the schema under code that cannot live with it. Method: a third
// version drops a column; switched off and on it is applied, since then nothing else runs.
TEST_P(PluginChanges, AMigrationThatContractsIsRefusedWhileTheOldOneRuns) {
  ASSERT_EQ(place_.post("/notes").status, 200);
  place_.install("three");
  EXPECT_THAT(failedReload().value("reason", ""), HasSubstr("Migration 2 (plain)"));
  ASSERT_EQ(place_.change("disable").status, 200);
  const HttpAnswer on = place_.change("enable");
  EXPECT_EQ(on.status, 200) << on.body;
  EXPECT_EQ(place_.get("/notes").json().value("rows", -1), 0);
  place_.install("one");
  const HttpAnswer back = place_.change("reload");
  EXPECT_EQ(back.status, 422);
  EXPECT_THAT(back.body, HasSubstr("this version knows only 1"));
}

std::size_t entriesOf(pid_t process, const char* what) {
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{fmt::format("/proc/{}/{}", process, what)}) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

std::size_t mappingsOfPlugin(pid_t process) {
  std::ifstream maps{fmt::format("/proc/{}/maps", process)};
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/changeling/") != std::string::npos) ++count;
  }
  return count;
}

TEST_P(PluginChanges, TheSymbolThatPinsTheOldCodeIsNamed) {
  place_.install("pinned");
  ASSERT_EQ(place_.change("reload").json().value("version", ""), "1.4.1");
  place_.install("two");
  const json told = place_.change("reload").json();
  const std::string old_code = told.value("old_code", "");
  if (isWorker()) {
    EXPECT_EQ(old_code, "ended with its process");
    return;
  }
#ifdef __clang__  // it makes no such symbols
  EXPECT_EQ(old_code, "left memory");
#else
  EXPECT_THAT(old_code, testing::AllOf(HasSubstr("its unique symbol _ZN10changeling6PinnedI"),
                                       HasSubstr("pins it"), HasSubstr("-fno-gnu-unique")));
#endif
  EXPECT_EQ(place_.get("/word").json().value("version", 0), 2);
}

TEST_P(PluginChanges, TenReloadsLeaveNothingBehind) {
  const pid_t host = place_.host().process();
  const auto reload = [&](int round) {
    place_.install(round % 2 == 0 ? "two" : "one");
    const HttpAnswer answer = place_.change("reload");
    ASSERT_EQ(answer.status, 200) << answer.body;
    ASSERT_EQ(place_.get("/word").status, 200);
    ASSERT_EQ(place_.post("/notes").status, 200);
  };
  for (int round = 0; round < 2; ++round) reload(round);  // what is made once is there
  const std::size_t threads = entriesOf(host, "task");
  const std::size_t descriptors = entriesOf(host, "fd");
  const std::size_t mappings = mappingsOfPlugin(host);
  for (int round = 0; round < 10; ++round) reload(round);
  constexpr std::size_t kOfTheHost = 4;  // its lanes make their threads when they first need them
  EXPECT_TRUE(await([&] { return entriesOf(host, "task") <= threads + kOfTheHost; }))
      << entriesOf(host, "task") << " threads, were " << threads;
  EXPECT_TRUE(await([&] { return entriesOf(host, "fd") <= descriptors + 2; }))
      << entriesOf(host, "fd") << " descriptors, were " << descriptors;
  EXPECT_EQ(mappingsOfPlugin(host), mappings);
  EXPECT_EQ(place_.get("/notes").json().value("rows", 0), 12);
  EXPECT_EQ(place_.plugin().value("restarts", 9), 0);
}

TEST(PluginRelease, AQuarantinedOneIsStartedAgain) {
  Replacement place{"worker"};
  ASSERT_TRUE(place.isReady());
  const auto process = [&] { return place.get("/word").json().value("process", 0); };
  EXPECT_EQ(place.change("release").status, 409);
  for (int death = 0; death < 6; ++death) {
    ASSERT_TRUE(await([&] { return process() > 0; }, std::chrono::seconds{9}));
    kill(process(), SIGKILL);
    ASSERT_TRUE(await([&] {
      return place.plugin().value("generation", 0) > death + 1 ||
             place.plugin().value("state", "") == "quarantined";
    }));
  }
  ASSERT_TRUE(await([&] { return place.plugin().value("state", "") == "quarantined"; }))
      << place.plugin();
  place.install("three");
  EXPECT_THAT(place.change("reload").body, HasSubstr("Migration 2 (plain)")) << "it may come back";
  place.install("two", "mood = throws\n");
  EXPECT_EQ(place.change("reload").status, 422);
  EXPECT_EQ(place.plugin().value("state", ""), "quarantined")
      << "a reload that fails changes nothing";
  place.install("one");
  const HttpAnswer answer = place.change("release");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().value("outcome", ""), "released");
  EXPECT_EQ(place.get("/word").status, 200);
}

TEST(PluginLife, AReloadTakesItFromTheHostToAWorkerAndBackUnderLoad) {
  Replacement place{"inprocess"};
  ASSERT_TRUE(place.isReady());
  SteadyLoad load{place, {"/word", "/notes"}};
  ASSERT_TRUE(load.awaitMore(20));
  for (const char* life : {"worker", "inprocess"}) {
    place.folder().configure("changeling", fmt::format("isolation = {}\n", life));
    const HttpAnswer answer = place.change("reload");
    ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
    EXPECT_EQ(place.plugin().value("isolation", ""), life);
    ASSERT_TRUE(load.awaitMore(20));
  }
  EXPECT_THAT(load.end(), IsEmpty());
}

}  // namespace
}  // namespace bulkhead::integration
