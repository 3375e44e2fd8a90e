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
