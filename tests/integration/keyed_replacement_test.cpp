#include <csignal>
#include <future>
#include <gtest/gtest.h>
#include <string>

#include "replacement.hpp"

namespace bulkhead::integration {
namespace {

/// A keyed request that calls out takes its time in the old generation, which another one replaces.
class KeyedAcrossGenerations : public testing::TestWithParam<std::string> {
 protected:
  KeyedAcrossGenerations() : place_{GetParam()} {}
  void SetUp() override { ASSERT_TRUE(place_.isReady()) << place_.host().logText(); }

  HttpAnswer pay() {
    return place_.host().keyed("salon").post("/api/changeling/v1/paid?ms=2500", "{}",
                                             {{"Idempotency-Key", "one-payment"}});
  }
  void beginInTheOldOne() {
    process_ = place_.get("/word").json().value("process", 0);
    first_ = std::async(std::launch::async, [&] { return pay(); });
    ASSERT_TRUE(await([&] { return place_.plugin().value("running", 0) == 1; }));
    place_.install("two");
    reload_ = std::async(std::launch::async, [&] { return place_.change("reload"); });
    ASSERT_TRUE(await([&] { return place_.plugin().value("generation", 0) == 2; }));
  }

  Replacement place_;
  pid_t process_ = 0;  // of the old one
  std::future<HttpAnswer> first_;
  std::future<HttpAnswer> reload_;
};

INSTANTIATE_TEST_SUITE_P(Lives, KeyedAcrossGenerations, testing::Values("worker", "inprocess"),
                         [](const auto& life) { return life.param; });

TEST_P(KeyedAcrossGenerations, B3_ARepeatInTheNewOneIsToldThatTheFirstStillRuns) {
  beginInTheOldOne();
  const HttpAnswer equal = pay();
  EXPECT_EQ(equal.status, 409) << equal.body;
  EXPECT_EQ(equal.errorCode(), "IDEMPOTENCY_IN_PROGRESS");
  const HttpAnswer answer = first_.get();
  EXPECT_EQ(answer.json().value("version", 0), 1) << answer.body;
  const HttpAnswer again = pay();
  EXPECT_EQ(again.header("idempotent-replayed"), "true") << again.body;
  EXPECT_EQ(again.body, answer.body);
  EXPECT_EQ(place_.get("/notes").json().value("rows", 0), 1);
  EXPECT_EQ(reload_.get().status, 200);
}

// The host repeats the call itself; nothing of the dead one is in its way.
TEST_P(KeyedAcrossGenerations, B3_WhenTheOldOneIsKilledTheNewOneGoesOnAtOnce) {
  if (GetParam() != "worker") return;
  beginInTheOldOne();
  ASSERT_EQ(kill(process_, SIGKILL), 0);
  const HttpAnswer answer = first_.get();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().value("version", 0), 2) << answer.body;
  EXPECT_EQ(place_.get("/notes").json().value("rows", 0), 1);
  EXPECT_EQ(reload_.get().status, 200);
}

}  // namespace
}  // namespace bulkhead::integration
