// Changes of a plugin that meet a takeover of the host, and new limits that meet a crash.
#include <csignal>
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "replacement.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kExitTemporary = 75;

class MeetingChanges : public testing::TestWithParam<std::string> {
 protected:
  MeetingChanges() : place_{GetParam()} {}
  void SetUp() override {
    ASSERT_TRUE(place_.isReady()) << place_.host().logText();
    ASSERT_EQ(place_.post("/notes").status, 200);
  }

  HttpAnswer changeOn(const HostProcess& host, std::string_view verb) const {
    return host.keyed().post(fmt::format("/api/admin/plugins/changeling/{}", verb), "");
  }
  static HttpAnswer notesOn(const HostProcess& host) {
    return host.keyed("salon").get("/api/changeling/v1/notes");
  }
  static bool isAlone(const HostProcess& host) {
    return await([&] {
      return host.logText().find("The host before has ended: its place is taken") !=
             std::string::npos;
    });
  }

  Replacement place_;
};

INSTANTIATE_TEST_SUITE_P(Lives, MeetingChanges, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

// Goal: nothing is set back under a host that still writes. Method: the old host has a call to end
// when the new one is asked to pause the plugin.
TEST_P(MeetingChanges, WhileTwoHostsWriteNoPluginIsChanged) {
  auto slow = std::async(std::launch::async, [&] { return place_.get("/word?ms=3000"); });
  ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
  HostProcess next{place_.folder(), HostStart::takingOver("next.log")};
  ASSERT_TRUE(await([&] {
    return place_.host().logText().find("Draining beside the host that serves now") !=
           std::string::npos;
  })) << place_.host().logText();
  place_.install("three");
  for (const char* verb : {"reload?pause=true", "reload", "disable"}) {
    const HttpAnswer refused = changeOn(next, verb);
    EXPECT_EQ(refused.status, 409) << verb << refused.body;
    EXPECT_EQ(refused.errorCode(), "HOST_TAKEN_OVER") << verb;
  }
  EXPECT_EQ(slow.get().status, 200);
  EXPECT_EQ(place_.host().awaitEnd(seconds{20}), 0);
  ASSERT_TRUE(isAlone(next)) << next.logText();
  EXPECT_EQ(notesOn(next).json().value("rows", 0), 1);
  EXPECT_EQ(changeOn(next, "reload?pause=true").status, 200) << "negative control: now it may";
  EXPECT_EQ(next.stop(), 0);
}

TEST_P(MeetingChanges, WhileAPluginIsChangedNoHostTakesThisOnesPlace) {
  if (GetParam() != "worker") return;  // it waits a lot
  place_.install("three", "mood = hangs\n");
  ASSERT_EQ(place_.change("reload?pause=true&wait_ms=0").status, 202);
  ASSERT_TRUE(await([&] { return place_.plugin().value("state", "") == "draining"; }));
  HostProcess next{place_.folder(), HostStart::takingOver("next.log")};
  EXPECT_EQ(next.awaitEnd(seconds{15}), kExitTemporary) << next.logText();
  EXPECT_THAT(next.errorText(), HasSubstr("A plugin of it is being changed"));
  EXPECT_EQ(place_.get("/notes").json().value("rows", 0), 1) << "who asks waits for the old one";
  EXPECT_EQ(place_.post("/notes").status, 200);
}

// Goal: a takeover migrates nothing under the code of the host that still runs. Method: the file of
// a version that contracts lies there.
TEST_P(MeetingChanges, ATakeoverDoesNotContract) {
  place_.install("three");
  HostProcess next{place_.folder(), HostStart::takingOver("next.log")};
  EXPECT_EQ(place_.host().awaitEnd(seconds{20}), 0);
  ASSERT_TRUE(isAlone(next)) << next.logText();
  EXPECT_THAT(next.plugin("changeling").value("reason", ""), HasSubstr("Migration 2 (plain)"));
  place_.install("one");
  EXPECT_EQ(changeOn(next, "reload").status, 200) << "the schema is as it was";
  EXPECT_EQ(notesOn(next).json().value("rows", 0), 1);
  EXPECT_EQ(next.stop(), 0);
}

// Goal: a generation that is being started when a takeover begins shares its store, too. Method:
// its process has just been killed, and the next one takes two seconds to start.
TEST_P(MeetingChanges, WhatIsStartedAnewDuringATakeoverSharesItsStore) {
  if (GetParam() != "worker") return;
  place_.configure("mood = slow\n");
  ASSERT_EQ(place_.change("reload").status, 200);
  const pid_t worker = place_.get("/word").json().value("process", 0);
  ASSERT_GT(worker, 0);
  ASSERT_EQ(kill(worker, SIGKILL), 0);
  HostProcess next{place_.folder(), HostStart::takingOver("next.log")};
  EXPECT_EQ(place_.host().awaitEnd(seconds{20}), 0) << place_.host().logText();
  ASSERT_TRUE(isAlone(next)) << next.logText();
  EXPECT_EQ(next.plugin("changeling").value("state", ""), "running") << next.plugin("changeling");
  EXPECT_EQ(next.keyed("salon").post("/api/changeling/v1/notes", "{}").status, 200);
  EXPECT_EQ(next.stop(), 0);
}

// Goal: limits that were read anew are those of each later generation. Method: fewer threads by a
// reload of the settings; then the process is killed, and more calls come than there are threads.
TEST_P(MeetingChanges, NewLimitsHoldAfterACrash) {
  if (GetParam() != "worker") return;
  place_.configure("limits.threads = 3\n");
  ASSERT_EQ(place_.host().keyed().post("/api/admin/config/reload", "").status, 200);
  const pid_t worker = place_.get("/word").json().value("process", 0);
  ASSERT_EQ(kill(worker, SIGKILL), 0);
  ASSERT_TRUE(await([&] { return place_.plugin().value("generation", 0) == 2; }));
  std::vector<std::future<HttpAnswer>> calls;
  for (int i = 0; i < 5; ++i)
    calls.push_back(std::async(std::launch::async, [&] { return place_.get("/word?ms=700"); }));
  EXPECT_TRUE(await([&] {
    const json plugin = place_.plugin();
    return plugin.value("running", 0) == 3 && plugin.value("queued", 0) == 2;
  })) << place_.plugin();
  for (auto& call : calls) EXPECT_EQ(call.get().status, 200);
}

}  // namespace
}  // namespace bulkhead::integration
