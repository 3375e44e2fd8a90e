#include "http/exchange.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange_pool.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;

class RecordingSink final : public AnswerSink {
 public:
  void answered(std::shared_ptr<Exchange> exchange) override {
    answers.push_back(std::move(exchange));
  }
  void moved(std::shared_ptr<Exchange>) override {}
  void goesOn(std::shared_ptr<Exchange>, std::function<void()>) override {}
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

/// An exchange whose request and answer hold something everywhere.
std::shared_ptr<Exchange> filled(ExchangePool& pool) {
  auto exchange = pool.take();
  HttpRequest& request = exchange->request();
  request = {"POST",
             "/t?q=1",
             "/t",
             {{"q", "1"}},
             {{"authorization", "Bearer canary-canary"}},
             "canary",
             std::make_shared<ByteStream>([] {}),
             {"203.0.113.9", true, true, true, true},
             {"key", "tenant", {"admin"}, true, true},
             "request",
             "trace",
             "parent",
             "span",
             {{"id", "7"}},
             true,
             47};
  exchange->labels() = {"/t", "plugin"};
  EXPECT_TRUE(exchange->hold(RequestBudget::kUncountedBytes + 1));
  exchange->setDeadline(1s);
  HttpResponse response = HttpResponse::text(503, "canary", "text/plain");
  response.fixed_headers = HeaderLines{"X-A: a\r\n"};
  response.refusal = {ErrorKind::NotFound, "CODE", "message"};
  EXPECT_TRUE(exchange->respond(std::move(response)));
  return exchange;
}

class ExchangePoolTest : public ::testing::Test {
 protected:
  /// What the pool gives after `exchange` has come back; the sink has let go of it.
  std::shared_ptr<Exchange> next(std::shared_ptr<Exchange> exchange) {
    sink->answers.clear();
    pool.giveBack(std::move(exchange));
    return pool.take();
  }

  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
  std::shared_ptr<RequestBudget> budget = std::make_shared<RequestBudget>(1024 * 1024);
  ExchangePool pool{sink, budget, false};
};

// Goal: nobody sees anything of who was served before. Method: an exchange that holds something
// everywhere comes back; it must be like a new one. That every member is looked at is the
// compiler's business: the bindings here and in renew() name all of them.
TEST_F(ExchangePoolTest, WhatComesBackIsLikeNew) {
  std::shared_ptr<Exchange> used = filled(pool);
  const Exchange* const address = used.get();
  EXPECT_GT(budget->held(), 0U);
  sink->answers.clear();
  pool.giveBack(std::move(used));
  EXPECT_EQ(budget->held(), 0U) << "at once, not when it is used again";
  const std::shared_ptr<Exchange> exchange = pool.take();
  ASSERT_EQ(exchange.get(), address) << "control: it is the same one";

  const auto& [method, target, path, query, headers, body, body_stream, peer, principal, request_id,
               trace_id, parent_span_id, span_id, path_parameters, own_request_id, received_us,
               call_depth, link_call] = exchange->request();
  for (const std::string* text :
       {&method, &target, &path, &body, &request_id, &trace_id, &parent_span_id, &span_id,
        &peer.address.text(), &principal.key_id, &principal.tenant})
    EXPECT_EQ(*text, "");
  for (const Fields* fields : {&query, &headers, &path_parameters}) EXPECT_TRUE(fields->empty());
  EXPECT_FALSE(body_stream || own_request_id || received_us != 0 || call_depth != 0 ||
               link_call != 0);
  EXPECT_FALSE(peer.inside || peer.admin_socket || peer.management || peer.secure);
  EXPECT_EQ(peer.address.bytes(), "");
  EXPECT_TRUE(principal.scopes.empty());
  EXPECT_FALSE(principal.authenticated || principal.bound_to_tenants);

  const auto& [status, fixed_headers, sent, answer, refusal, stream] = exchange->response();
  EXPECT_EQ(status, 200);
  EXPECT_EQ(fixed_headers.text(), "");
  EXPECT_TRUE(sent.empty() && answer.empty() && refusal.code.empty() && refusal.message.empty());
  EXPECT_EQ(refusal.kind, ErrorKind::App);
  EXPECT_EQ(stream, nullptr);
  EXPECT_EQ(exchange->labels().route + exchange->labels().plugin, "");
  EXPECT_EQ(exchange->remaining(), std::chrono::milliseconds::max());
  EXPECT_FALSE(exchange->answered());
  EXPECT_TRUE(exchange->respond({}));
  EXPECT_EQ(sink->answers.size(), 1U);
}

TEST_F(ExchangePoolTest, WhatSomebodyElseStillHasIsNotGivenAgain) {
  std::shared_ptr<Exchange> used = filled(pool);
  const std::shared_ptr<Exchange> theirs = used;
  EXPECT_NE(next(std::move(used)), theirs);
  EXPECT_EQ(theirs->request().body, "canary");
}

TEST_F(ExchangePoolTest, WhatHadAStreamIsNotGivenAgain) {
  std::shared_ptr<Exchange> used = filled(pool);
  const std::shared_ptr<ByteStream> stream = used->openStream();
  const std::weak_ptr<Exchange> address = used;
  EXPECT_TRUE(next(std::move(used)));
  EXPECT_TRUE(address.expired()) << "the stream could tell of the next request";
}

TEST_F(ExchangePoolTest, WhatHasGrownLargeIsNotKept) {
  std::shared_ptr<Exchange> used = filled(pool);
  used->request().body.assign(5000, 'x');
  const std::weak_ptr<Exchange> address = used;
  EXPECT_TRUE(next(std::move(used)));
  EXPECT_TRUE(address.expired());
}

}  // namespace
}  // namespace bulkhead::host
