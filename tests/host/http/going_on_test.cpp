// Handlers that wait for something, and go on with the loop.
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include <bulkhead/error.hpp>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::FrontTest;
using test::get;
using test::RawClient;

TEST_F(FrontTest, AHandlerThatWaitedGoesOnOnItsLoopWhichHasNotWaited) {
  start();
  RawClient waiting = client();
  waiting.send(get("/park"));
  const auto exchange = parked();
  EXPECT_EQ(statusOf(get("/other")), 200) << "the loop is free meanwhile";
  std::atomic<std::thread::id> on{};
  exchange->goOn([&] {
    on = std::this_thread::get_id();
    exchange->respond(HttpResponse::text(200, "went on", "text/plain"));
  });
  EXPECT_EQ(waiting.read().value_or(Answer{}).body, "went on");
  EXPECT_NE(on.load(), std::thread::id{});
  EXPECT_NE(on.load(), std::this_thread::get_id());
}

TEST_F(FrontTest, WhatLeavesAHandlerThatWentOnIsTheAnswer) {
  start();
  RawClient waiting = client();
  waiting.send(get("/park"));
  const auto exchange = parked();
  exchange->goOn([] { throw Error::rateLimit("RATE_LIMIT_EXCEEDED", "Too many."); });
  EXPECT_EQ(waiting.read().value_or(Answer{}).status, 429);
}

TEST_F(FrontTest, NobodyGoesOnWithWhatIsAnswered) {
  start();
  RawClient waiting = client();
  waiting.send(get("/park"));
  const auto exchange = parked();
  exchange->refuse(Error::app("OVERLOADED", "Too late."));
  std::atomic<int> steps{0};
  exchange->goOn([&] { ++steps; });
  EXPECT_EQ(waiting.read().value_or(Answer{}).status, 503);
  EXPECT_EQ(statusOf(get("/other")), 200) << "the loop has come round";
  EXPECT_EQ(steps, 0);
}

TEST_F(FrontTest, ADeadlineThatIsSetWhenAHandlerGoesOnHolds) {
  start();
  RawClient waiting = client();
  waiting.send(get("/park"));
  const auto exchange = parked();
  exchange->goOn([&] { exchange->setDeadline(50ms); });
  EXPECT_EQ(waiting.read().value_or(Answer{}).status, 504) << "in place of the front's 30 s";
}

}  // namespace
}  // namespace bulkhead::host
