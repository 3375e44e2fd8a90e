// A version whose migration its predecessor cannot live with: it deletes every note.
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replacement.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class PausedReload : public testing::TestWithParam<std::string> {
 protected:
  PausedReload() : place_{GetParam()} {}
  void SetUp() override {
    ASSERT_TRUE(place_.isReady()) << place_.host().logText();
    ASSERT_EQ(place_.post("/notes").status, 200);
  }

  HttpAnswer reload(std::string_view more = "") const {
    return place_.change(fmt::format("reload?pause=true{}", more));
  }
  int notes() const { return place_.get("/notes").json().value("rows", -1); }

  Replacement place_;
};

INSTANTIATE_TEST_SUITE_P(Lives, PausedReload, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

TEST_P(PausedReload, AppliesWhatContractsWhileCallsWait) {
  SteadyLoad load{place_, {"/word", "/notes"}};
  EXPECT_TRUE(load.awaitMore(30));
  place_.install("three");
  const HttpAnswer answer = reload();
  EXPECT_TRUE(load.awaitMore(30));
  EXPECT_THAT(load.end(), IsEmpty()) << "who asked meanwhile has waited";
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json told = answer.json();
  EXPECT_EQ(told.value("outcome", ""), "reloaded");
  EXPECT_EQ(told.value("version_before", ""), "1.4.0");
  EXPECT_EQ(told.value("version", ""), "3.0.0");
  EXPECT_EQ(told.value("generation_before", 0), 1);
  EXPECT_EQ(told.value("generation", 0), 2);
  EXPECT_EQ(told.value("aborted", 9), 0);
  EXPECT_GT(told.value("pause_ms", 0), 0);
  EXPECT_EQ(place_.get("/word").json().value("version", 0), 3);
  EXPECT_TRUE(std::filesystem::exists(told.value("kept_store", "?"))) << told;
  const auto kept = std::filesystem::status(told.value("kept_store", "?"));
  EXPECT_EQ(kept.permissions() & std::filesystem::perms{077}, std::filesystem::perms::none);
}

TEST_P(PausedReload, AVersionThatFailsGivesTheStoreBack) {
  SteadyLoad load{place_, {"/word", "/old"}};
  EXPECT_TRUE(load.awaitMore(30));
  place_.install("three", "mood = throws\n");
  const HttpAnswer answer = reload();
  EXPECT_TRUE(load.awaitMore(30));
  EXPECT_THAT(load.end(), IsEmpty()) << "who asked meanwhile has waited for the old version";
  EXPECT_EQ(answer.status, 422) << answer.body;
  const json told = answer.json()["error"]["details"];
  EXPECT_EQ(told.value("outcome", ""), "rolled_back") << told;
  EXPECT_THAT(told.value("reason", ""), HasSubstr("the mood is bad"));
  EXPECT_EQ(told.value("generation", 0), 2) << "the old version, started again";
  EXPECT_EQ(place_.get("/word").json().value("version", 0), 1);
  EXPECT_EQ(notes(), 1) << "what the migration deleted is there again";
  EXPECT_EQ(place_.post("/notes").status, 200);
  EXPECT_EQ(notes(), 2);
  EXPECT_EQ(place_.plugin().value("restarts", 9), 0) << "it did not end by itself";
  place_.install("three");
  EXPECT_EQ(reload().status, 200) << "and the next attempt finds all as it was";
  EXPECT_EQ(notes(), 0);
}

/// Each way in which the new version may fail once its migrations were applied.
TEST_P(PausedReload, HoweverItFailsTheOldOneRunsOnItsStore) {
  for (const auto& [mood, words] : {std::pair{"hangs", "did not return within"},
                                    {"critical", "In a bad mood"},
                                    {"greedy", "/api/greeter/v1/hello/{name}"},
                                    {"dies", "exit code 9"}}) {
    if (std::string_view{mood} == "dies" && GetParam() == "inprocess") continue;  // the host, too
    place_.install("three", fmt::format("mood = {}\n", mood));
    const HttpAnswer answer = reload();
    EXPECT_EQ(answer.status, 422) << mood << answer.body;
    const json told = answer.json()["error"]["details"];
    EXPECT_EQ(told.value("outcome", ""), "rolled_back") << mood << told;
    EXPECT_THAT(told.value("reason", ""), HasSubstr(words));
    EXPECT_EQ(place_.get("/word").json().value("version", 0), 1) << mood;
    EXPECT_EQ(notes(), 1) << mood;
  }
  EXPECT_EQ(place_.post("/notes").status, 200) << "it writes";
  EXPECT_EQ(notes(), 2);
}

TEST_P(PausedReload, MoreCallsMayWaitThanRunAtOnce) {
  place_.configure("limits.threads = 2\nlimits.queue = 4\n");
  ASSERT_EQ(place_.change("reload").status, 200);
  place_.install("three", "limits.threads = 2\nlimits.queue = 4\nmood = slow\n");
  auto reloaded = std::async(std::launch::async, [&] { return reload(); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("state", "") == "draining"; }));
  std::vector<std::future<HttpAnswer>> waiting;
  for (int i = 0; i < 60; ++i)
    waiting.push_back(std::async(std::launch::async, [&] { return place_.get("/word"); }));
  EXPECT_TRUE(await([&] { return place_.plugin().value("waiting", 0) > 6; }));
  EXPECT_EQ(reloaded.get().status, 200);
  for (auto& one : waiting) {
    const HttpAnswer answer = one.get();
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
}

TEST_P(PausedReload, OfOneThatIsClosedTheStoreComesBack) {
  ASSERT_EQ(place_.change("disable").status, 200);
  place_.install("three", "mood = throws\n");
  const HttpAnswer answer = reload();
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.json()["error"]["details"].value("outcome", ""), "failed");
  place_.install("one");
  EXPECT_EQ(place_.change("reload").status, 200) << "its schema is the old one";
  EXPECT_EQ(notes(), 1);
}

TEST_P(PausedReload, AfterARefusedOneItIsLookedAfterAsBefore) {
  if (GetParam() != "worker") return;
  auto slow = std::async(std::launch::async, [&] { return place_.get("/word?ms=1500"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  EXPECT_EQ(reload("&patience_ms=100").status, 422);
  slow.get();
  const pid_t worker = place_.get("/word").json().value("process", 0);
  ASSERT_GT(worker, 0);
  ASSERT_EQ(kill(worker, SIGKILL), 0);
  EXPECT_EQ(place_.get("/word").status, 200);
  EXPECT_TRUE(await([&] { return place_.plugin().value("state", "") == "running"; }))
      << place_.plugin();
  EXPECT_EQ(place_.plugin().value("restarts", 0), 1);
}

TEST_P(PausedReload, ThatPutTheStoreBackHasAnAuditRow) {
  place_.install("three", "mood = throws\n");
  EXPECT_EQ(reload().status, 422);
  EXPECT_THAT(place_.host().keyed().get("/api/admin/audit?limit=20").body,
              HasSubstr("plugin.pause"));
}

TEST_P(PausedReload, NegativeControl_WithoutACopyTheNotesAreGone) {
  place_.install("three", "mood = throws\n");
  ASSERT_EQ(place_.change("disable").status, 200);
  EXPECT_EQ(place_.change("enable").status, 422);
  place_.install("three");
  EXPECT_EQ(place_.change("enable").status, 200);
  EXPECT_EQ(notes(), 0);
}

TEST_P(PausedReload, ACallThatDoesNotEndIsNotCutOff) {
  auto slow = std::async(std::launch::async, [&] { return place_.get("/word?ms=1500"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  place_.install("three");
  const HttpAnswer answer = reload("&patience_ms=200");
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("did not end within 200 ms"));
  EXPECT_EQ(slow.get().status, 200);
  EXPECT_EQ(notes(), 1);
  EXPECT_EQ(place_.plugin().value("generation", 0), 1) << "it never ended";
}

TEST_P(PausedReload, OfTheCopiesTheLastOneIsKept) {
  place_.install("three");
  const json first = reload().json();
  const json second = reload().json();
  EXPECT_FALSE(std::filesystem::exists(first.value("kept_store", "?"))) << first;
  EXPECT_TRUE(std::filesystem::exists(second.value("kept_store", "?"))) << second;
}

TEST_P(PausedReload, OnlyAReloadPauses) {
  const HttpAnswer answer = place_.change("disable?pause=true");
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("'pause' is for reload"));
  EXPECT_EQ(place_.change("reload?pause=perhaps").status, 400);
  EXPECT_EQ(place_.plugin().value("generation", 0), 1);
}

TEST_P(PausedReload, TheCommandSaysWhatHappened) {
  place_.install("three");
  const CommandEnd end = place_.folder().run({"plugin", "reload", "changeling", "--pause"});
  EXPECT_EQ(end.code, 0) << end.errors;
  EXPECT_THAT(end.output,
              testing::AllOf(HasSubstr("changeling 3.0.0 runs as generation 2"),
                             HasSubstr("Calls waited for"), HasSubstr("Its store as it was is")));
}

}  // namespace
}  // namespace bulkhead::integration
