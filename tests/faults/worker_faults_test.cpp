#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "assault.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Deaths of the worker, and the word that the reason has for each.
class Deaths : public testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(Deaths, ACallThatNobodyMayRepeatIsLostAndNothingElse) {
  const auto [deed, word] = GetParam();
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  const HttpAnswer lost = assault.post(fmt::format("/deeds/{}", deed));
  EXPECT_EQ(lost.status, 502) << lost.body << lost.fault;
  EXPECT_EQ(lost.errorCode(), "PLUGIN_CRASHED");
  EXPECT_EQ(assault.get("/deeds/none").status, 200) << "what comes next waits for the next worker";
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_EQ(assault.plugin().value("restarts", 0), 1);
  EXPECT_TRUE(await([&] { return assault.loadAnswered() > 20; }));
  EXPECT_EQ(assault.stopLoad(), 0U) << "the other plugin notices nothing";
  const std::string record = assault.record();
  EXPECT_THAT(record, HasSubstr(word));
  EXPECT_THAT(record, HasSubstr("plugin: assailant"));
  EXPECT_THAT(record, HasSubstr("generation: 1"));
  EXPECT_THAT(record, HasSubstr("call_1: POST /api/assailant/v1/deeds/{deed} request_id="));
  EXPECT_THAT(record, HasSubstr("stage="));
  EXPECT_EQ(assault.host().stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Deaths,
    testing::Values(std::pair{"segfault", "SIGSEGV"}, std::pair{"kill", "SIGKILL"},
                    std::pair{"abort", "SIGABRT"}, std::pair{"exit", "exit code 7"},
                    std::pair{"overflow", "SIGSEGV"}, std::pair{"corrupt-link", "spoke nonsense"},
                    std::pair{"throw-in-destructor", "SIGABRT"},
                    std::pair{"answer-nobody", "spoke nonsense"}),
    [](const auto& given) {
      std::string name{given.param.first};
      std::erase(name, '-');
      return name;
    });

TEST(Workers, OneThatAnswersTwiceIsEnded) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  EXPECT_EQ(assault.post("/deeds/answer-twice").status, 200) << "the first one counts";
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_THAT(assault.record(), HasSubstr("the second to one"));
  EXPECT_EQ(assault.stopLoad(), 0U);
}

TEST(Workers, ARequestThatKillsTwiceIsNotTriedAgain) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const HttpAnswer poison = assault.get("/deeds/segfault");
  EXPECT_EQ(poison.status, 502);
  EXPECT_EQ(poison.errorCode(), "POISON_REQUEST") << poison.body;
  EXPECT_TRUE(assault.awaitGeneration(3)) << "it was tried in two of them";
  EXPECT_EQ(assault.get("/deeds/none").status, 200);
}

TEST(Workers, AKeyedRequestHasOneEffectWhateverItKills) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const HttpAnswer kept = assault.post("/kept/segfault", "key-1");
  EXPECT_EQ(kept.status, 201) << kept.body;
  EXPECT_EQ(assault.plugin().value("restarts", 0), 1) << "it did die of it";
  EXPECT_EQ(assault.get("/kept").json().value("rows", 0), 1);
  const HttpAnswer again = assault.post("/kept/segfault", "key-1");
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(assault.get("/kept").json().value("rows", 0), 1);
}

TEST(Workers, OthersThatWereThereAreNotBlamedForACrash) {
  Assault assault{"limits.threads = 4\n"};
  ASSERT_TRUE(assault.isReady());
  std::vector<std::thread> waiting;
  std::atomic<int> answered{0};
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back([&] { answered += assault.get("/deeds/wait").status == 200 ? 1 : 0; });
  }
  EXPECT_TRUE(await([&] { return assault.plugin().value("running", 0) == 3; }));
  EXPECT_EQ(assault.get("/deeds/segfault").errorCode(), "POISON_REQUEST");
  for (auto& thread : waiting) thread.join();
  EXPECT_EQ(answered, 3) << "each of them was in two deaths at the most, and answers in the third";
}

TEST(Workers, OneThatHangsIsEndedAndItsRecordHasTheStack) {
  Assault assault{"limits.stuck_ms = 1500\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  const HttpAnswer late = assault.post("/deeds/spin");
  EXPECT_EQ(late.status, 504) << late.body;
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_THAT(assault.record(), testing::AllOf(HasSubstr("SIGABRT"), HasSubstr("backtrace:"),
                                               HasSubstr("past its deadline")));
  EXPECT_EQ(assault.stopLoad(), 0U);
}

TEST(Workers, WhatHangsOnTheThreadsThatReadHoldsNobodyUp) {
  Assault assault{"limits.threads = 4\nlimits.stuck_ms = 60000\n"};
  ASSERT_TRUE(assault.isReady());
  ASSERT_EQ(assault.get("/deeds/none").status, 200);
  std::vector<std::thread> hanging;
  for (int i = 1; i <= 3; ++i) {
    hanging.emplace_back([&] { assault.post("/deeds/deadlock"); });
    EXPECT_TRUE(await([&] { return assault.plugin().value("running", 0) == i; }));
    EXPECT_EQ(assault.get("/deeds/none").status, 200) << i;
  }
  EXPECT_EQ(assault.plugin().value("generation", 0), 1);
  for (auto& thread : hanging) thread.join();
}

TEST(Workers, ADeadlockIsEndedLikeALoop) {
  Assault assault{"limits.stuck_ms = 1500\n"};
  ASSERT_TRUE(assault.isReady());
  EXPECT_EQ(assault.post("/deeds/deadlock").status, 504);
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
}

TEST(Workers, OneWhoseHeartIsSilentIsEnded) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  ASSERT_EQ(kill(assault.worker(), SIGSTOP), 0);
  EXPECT_TRUE(
      await([&] { return assault.plugin().value("generation", 0) == 2; }, std::chrono::seconds{15}))
      << assault.plugin();
  EXPECT_THAT(assault.record(), HasSubstr("its heart was silent"));
}

TEST(Workers, OneThatTakesTooMuchMemoryIsEnded) {
  Assault assault{"limits.memory_mb = 100\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  EXPECT_EQ(assault.post("/deeds/leak-memory").status, 502);
  EXPECT_TRUE(assault.awaitGeneration(2)) << assault.plugin();
  EXPECT_THAT(assault.record(), HasSubstr("MiB of memory, and may hold 100"));
  EXPECT_EQ(assault.stopLoad(), 0U);
}

TEST(Workers, OneWithoutDescriptorsHarmsItselfAlone) {
  Assault assault{"limits.descriptors = 64\n"};
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  EXPECT_EQ(assault.post("/deeds/leak-descriptors").status, 500);
  EXPECT_EQ(assault.get("/deeds/none").status, 200);
  EXPECT_EQ(assault.stopLoad(), 0U);
  EXPECT_EQ(assault.host().stop(), 0);
}

TEST(Workers, OneThatDiesTooOftenIsClosedUntilItIsReleased) {
  Assault assault{"limits.restarts = 2\n"};
  ASSERT_TRUE(assault.isReady());
  for (int death = 0; death < 3; ++death) assault.post("/deeds/abort");
  ASSERT_TRUE(await([&] { return assault.plugin().value("state", "") == "quarantined"; }))
      << assault.plugin();
  const HttpAnswer refused = assault.get("/deeds/none");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.errorCode(), "PLUGIN_UNAVAILABLE");
  EXPECT_TRUE(refused.has("retry-after"));
  EXPECT_THAT(assault.plugin().value("reason", ""), HasSubstr("3 times within 60 s"));
}

TEST(Workers, TwentyFourDeathsUnderLoadCostTheOthersNothing) {
  Assault assault{"limits.restart_window_ms = 1000\n"};  // so that the pauses stay short
  ASSERT_TRUE(assault.isReady());
  assault.beginLoad();
  for (std::uint64_t death = 1; death <= 24; ++death) {
    const pid_t worker = assault.worker();
    ASSERT_GT(worker, 0) << "what is asked while there is none waits for the next one";
    ASSERT_EQ(kill(worker, death % 2 == 0 ? SIGKILL : SIGSEGV), 0);
    ASSERT_TRUE(assault.awaitGeneration(death + 1)) << assault.plugin();
  }
  EXPECT_EQ(assault.stopLoad(), 0U);
  EXPECT_GT(assault.loadAnswered(), 100U);
  EXPECT_EQ(assault.plugin().value("restarts", 0), 24) << assault.plugin();
}

TEST(Workers, NoneIsLeftWhenTheHostIsKilled) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  ASSERT_EQ(kill(worker, 0), 0);
  assault.host().killHard();
  EXPECT_TRUE(await([&] { return kill(worker, 0) != 0; }));
}

TEST(Workers, NoneIsLeftWhenTheHostStops) {
  Assault assault;
  ASSERT_TRUE(assault.isReady());
  const pid_t worker = assault.worker();
  ASSERT_GT(worker, 0);
  EXPECT_EQ(assault.host().stop(), 0);
  EXPECT_NE(kill(worker, 0), 0);
}

}  // namespace
}  // namespace bulkhead::integration
