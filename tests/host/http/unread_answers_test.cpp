// Clients that ask and do not read what they get.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::eventually;
using test::FrontTest;
using test::get;
using test::RawClient;

class UnreadAnswers : public FrontTest {};

TEST_F(UnreadAnswers, AReaderThatTakesNothingIsClosed) {
  start({.write_stall = 300ms}, [](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond(HttpResponse::text(200, std::string(32U << 20U, 'x'), "text/plain"));
  });
  RawClient client = this->client();
  client.send(get("/"));
  EXPECT_TRUE(eventually([this] { return rejected("write_stall") == 1; }));
  EXPECT_TRUE(eventually([this] { return front().counters().open_connections == 0; }));
}

TEST_F(UnreadAnswers, ALargeAnswerArrivesWholeThroughASmallWindow) {
  const std::string body(5'000'000, 'x');
  start({}, [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond(HttpResponse::text(200, body, "text/plain"));
  });
  RawClient client = this->client();
  client.send(get("/1") + get("/2"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.read().value_or(Answer{}).body.size(), body.size());
}

TEST_F(UnreadAnswers, ASlowReaderHoldsBackItsOwnRequests) {
  // shared: the loops still run when this body has ended
  const auto made = std::make_shared<std::atomic<int>>(0);
  start({}, [made](const std::shared_ptr<Exchange>& exchange) {
    ++*made;
    exchange->respond(HttpResponse::text(200, std::string(8U << 20U, 'x'), "text/plain"));
  });
  RawClient client = this->client();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += get("/");
  client.send(requests);
  ASSERT_TRUE(eventually([&] { return *made >= 1; }));
  // allowed: that nothing more happens is no condition to wait for
  std::this_thread::sleep_for(100ms);
  EXPECT_LE(*made, 16) << "answers pile up in memory for a client that does not read";
}

// Goal: clients that ask and do not read cannot fill the memory together. Method: each of them
// leaves 24 MiB unread, and they may have 64 MiB in all.
TEST_F(UnreadAnswers, TheyShareABudgetAndTheSlowestReaderGoesFirst) {
  constexpr std::size_t kAnswerBytes = 24U << 20U;
  start({.answers_bytes_max = 64U << 20U}, [](const std::shared_ptr<Exchange>& exchange) {
    const bool large = exchange->request().path == "/large";
    exchange->respond(HttpResponse::text(200, std::string(large ? kAnswerBytes : 5, 'x'), "a/b"));
  });
  std::vector<RawClient> silent;
  for (int i = 0; i < 5; ++i) {
    silent.push_back(client());
    silent.back().send(get("/large"));
    EXPECT_NE(silent.back().readSome(), "") << "it has begun";
  }
  ASSERT_TRUE(eventually([this] { return rejected("answer_budget") >= 2; }));
  EXPECT_EQ(statusOf(get("/small")), 200);
  EXPECT_LT(silent.front().readAll().size(), kAnswerBytes) << "the first was cut";
  EXPECT_GT(silent.back().readAll().size(), kAnswerBytes - 70'000) << "the last reads on";
}

// Control: with room for all nobody is cut.
TEST_F(UnreadAnswers, NegativeControl_WithRoomEveryUnreadAnswerIsKept) {
  constexpr std::size_t kAnswerBytes = 24U << 20U;
  start({}, [](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond(HttpResponse::text(200, std::string(kAnswerBytes, 'x'), "a/b"));
  });
  std::vector<RawClient> silent;
  for (int i = 0; i < 5; ++i) {
    silent.push_back(client());
    silent.back().send(get("/large"));
  }
  for (RawClient& client : silent)
    EXPECT_EQ(client.read().value_or(Answer{}).body.size(), kAnswerBytes);
  EXPECT_EQ(rejected("answer_budget"), 0U);
}

}  // namespace
}  // namespace bulkhead::host
