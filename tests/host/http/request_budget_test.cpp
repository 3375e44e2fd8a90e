#include "http/request_budget.hpp"

#include <gtest/gtest.h>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::FrontTest;
using test::post;
using test::RawClient;

constexpr std::size_t kLarge = 64 * 1024;

TEST(RequestBudget, GivesBackWhatARequestHeld) {
  const auto budget = std::make_shared<RequestBudget>(100'000);
  {
    RequestBudget::Share first{budget};
    EXPECT_TRUE(first.growTo(8 * 1024));
    EXPECT_EQ(budget->held(), 0U) << "small requests are not counted";
    EXPECT_EQ(first.bytes(), 8U * 1024);
    EXPECT_TRUE(first.growTo(60'000));
    EXPECT_EQ(budget->held(), 60'000U);
    RequestBudget::Share second{budget};
    EXPECT_FALSE(budget->hasRoomFor(50'000));
    EXPECT_TRUE(second.growTo(40'000));
    EXPECT_FALSE(second.growTo(40'001));
    EXPECT_EQ(second.bytes(), 40'000U);
    EXPECT_EQ(budget->held(), 100'000U) << "what found no room is not held";
    EXPECT_TRUE(budget->hasRoomFor(8 * 1024));
  }
  EXPECT_EQ(budget->held(), 0U);
  RequestBudget::Share unbounded{nullptr};
  EXPECT_TRUE(unbounded.growTo(std::size_t{1} << 40U));
}

std::string headOf(std::size_t length) {
  return "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Goal: bodies that many clients hold half sent cannot fill the memory. Method: two bodies fill the
// budget; a third is refused by its length alone, and has its room once one of them is answered.
TEST_F(FrontTest, LargeBodiesShareABudgetAndTheNextIs503BeforeItIsRead) {
  start({.requests_bytes_max = 2 * kLarge + 1000});
  const std::string part(kLarge - 1, 'x');
  RawClient first = client();
  RawClient second = client();
  first.send(headOf(kLarge) + part);
  second.send(headOf(kLarge) + part);
  ASSERT_TRUE(eventually([&] {
    RawClient third = client();
    third.send(headOf(kLarge));
    return third.readSome(100ms).starts_with("HTTP/1.1 503");
  })) << "nothing of its body was sent";
  EXPECT_GE(rejected("request_budget"), 1U);
  EXPECT_EQ(statusOf(post("/up", "small")), 200) << "small bodies go on";
  first.send("y");
  EXPECT_EQ(first.read().value_or(test::Answer{}).status, 200);
  EXPECT_TRUE(eventually([&] { return statusOf(post("/up", std::string(kLarge, 'z'))) == 200; }));
}

TEST_F(FrontTest, AChunkedBodyThatOutgrowsTheBudgetIs503) {
  start({.requests_bytes_max = kLarge});
  RawClient slow = client();
  slow.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 5; ++i) slow.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n");
  const auto refused = slow.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(refused->body.find("OVERLOADED"), std::string::npos);
}

// Goal: the same for heads that many send half. Method: each of a few clients holds 30 kB of a
// head.
TEST_F(FrontTest, HalfSentHeadsShareTheBudgetToo) {
  start({.requests_bytes_max = kLarge});
  const std::string half = "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(30'000, 'a');
  RawClient first = client();
  RawClient second = client();
  first.send(half);
  second.send(half);
  ASSERT_TRUE(eventually([&] {
    const FrontCounters now = front().counters();
    return now.open_connections == 2 && now.idle_connections == 0;
  }));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(statusOf(test::get("/small")), 200) << "and meanwhile both are read to their end";
  EXPECT_EQ(statusOf(half), 503);
  first.send("\r\n\r\n");
  EXPECT_EQ(first.read().value_or(test::Answer{}).status, 200);
}

// Goal: what a decoded body holds counts, too. Method: a lane takes room for one, as the pipeline
// does, until there is none.
TEST_F(FrontTest, WhatABodyBecomesIsHeldUntilItsAnswer) {
  start({.requests_bytes_max = kLarge});
  RawClient one = client();
  one.send(test::get("/park"));
  const auto decoding = parked();
  EXPECT_LT(decoding->heldBytes(), 1000U);
  EXPECT_TRUE(decoding->hold(60'000));
  EXPECT_FALSE(decoding->hold(kLarge + 1));
  EXPECT_EQ(statusOf(post("/up", std::string(20'000, 'z'))), 503) << "the room is taken";
  decoding->respond(HttpResponse::text(200, "x", "text/plain"));
  EXPECT_EQ(one.read().value_or(test::Answer{}).status, 200);
}

// Control: with room for all the same bodies are read.
TEST_F(FrontTest, WithRoomEveryLargeBodyIsRead) {
  start();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(statusOf(post("/up", std::string(kLarge, 'z'))), 200);
  EXPECT_EQ(rejected("request_budget"), 0U);
}

}  // namespace
}  // namespace bulkhead::host
