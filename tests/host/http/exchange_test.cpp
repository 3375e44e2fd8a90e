#include "http/exchange.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;

class RecordingSink final : public AnswerSink {
 public:
  void answered(std::shared_ptr<Exchange> exchange) override {
    answers.push_back(std::move(exchange));
  }
  void moved(std::shared_ptr<Exchange>) override {}
  std::vector<std::shared_ptr<Exchange>> answers;
};

TEST(Exchange, WorksWithoutAFrontForTestsOfLanes) {
  const auto sink = std::make_shared<RecordingSink>();
  const auto exchange = std::make_shared<Exchange>(sink);
  exchange->request().path = "/x";
  exchange->request().headers = {{"accept", "application/problem+json"}};
  EXPECT_FALSE(exchange->answered());
  EXPECT_TRUE(exchange->refuse(Error::notFound("CALL_NOT_FOUND", "There is no such call.")));
  EXPECT_FALSE(exchange->respond({}));
  ASSERT_EQ(sink->answers.size(), 1U);
  EXPECT_EQ(exchange->response().status, 404);
  EXPECT_EQ(exchange->response().refusal.code, "CALL_NOT_FOUND");
  EXPECT_NE(exchange->response().body.find("\"instance\":\"/x\""), std::string::npos);
}

struct Told {
  std::vector<int> statuses;
  int gone = 0;
};

class RecordingWatcher final : public AnswerWatcher {
 public:
  explicit RecordingWatcher(Told& told) : told_{told} {}
  ~RecordingWatcher() override { ++told_.gone; }
  void answered(const HttpResponse& response) noexcept override {
    told_.statuses.push_back(response.status);
  }

 private:
  Told& told_;
};

TEST(Exchange, TellsWhoWatchesOfTheAnswerOnceAndLetsItGo) {
  Told told;
  const auto exchange = std::make_shared<Exchange>(std::make_shared<RecordingSink>());
  exchange->watch(std::make_unique<RecordingWatcher>(told));
  exchange->refuse(Error::app("DEADLINE_EXCEEDED", "Late."));
  EXPECT_EQ(told.gone, 1);
  exchange->respond({});
  EXPECT_EQ(told.statuses, std::vector{504});
}

TEST(Exchange, LetsWhoWatchesGoWithItselfWhenNobodyAnswers) {
  Told told;
  {
    const auto exchange = std::make_shared<Exchange>(std::make_shared<RecordingSink>());
    exchange->watch(std::make_unique<RecordingWatcher>(told));
  }
  EXPECT_EQ(told.gone, 1);
  EXPECT_TRUE(told.statuses.empty());
}

TEST(Exchange, RemainingCountsDownAndIsNeverNegative) {
  const auto exchange = std::make_shared<Exchange>(std::make_shared<RecordingSink>());
  EXPECT_EQ(exchange->remaining(), std::chrono::milliseconds::max());
  exchange->setDeadline(10s);
  EXPECT_GT(exchange->remaining(), 9s);
  EXPECT_LE(exchange->remaining(), 10s);
  exchange->setDeadline(-1s);
  EXPECT_EQ(exchange->remaining(), 0ms);
}

}  // namespace
}  // namespace bulkhead::host
