#include "http/body_budget.hpp"

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

TEST(BodyBudget, GivesBackWhatABodyHeld) {
  const auto budget = std::make_shared<BodyBudget>(100'000);
  {
    BodyBudget::Share first;
    EXPECT_TRUE(first.growTo(budget, 8 * 1024));
    EXPECT_EQ(budget->held(), 0U) << "small bodies are not counted";
    EXPECT_TRUE(first.growTo(budget, 60'000));
    EXPECT_EQ(budget->held(), 60'000U);
    BodyBudget::Share second;
    EXPECT_FALSE(budget->hasRoomFor(50'000));
    EXPECT_TRUE(second.growTo(budget, 40'000));
    EXPECT_FALSE(second.growTo(budget, 40'001));
    EXPECT_EQ(budget->held(), 100'000U) << "what found no room is not held";
    EXPECT_TRUE(budget->hasRoomFor(8 * 1024));
  }
  EXPECT_EQ(budget->held(), 0U);
}

std::string headOf(std::size_t length) {
  return "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Goal: bodies that many clients hold half sent cannot fill the memory. Method: two bodies fill the
// budget; a third is refused by its length alone, and has its room once one of them is answered.
TEST_F(FrontTest, LargeBodiesShareABudgetAndTheNextIs503BeforeItIsRead) {
  start({.bodies_bytes_max = 2 * kLarge});
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
  EXPECT_GE(rejected("body_budget"), 1U);
  EXPECT_EQ(statusOf(post("/up", "small")), 200) << "small bodies go on";
  first.send("y");
  EXPECT_EQ(first.read().value_or(test::Answer{}).status, 200);
  EXPECT_TRUE(eventually([&] { return statusOf(post("/up", std::string(kLarge, 'z'))) == 200; }));
}

TEST_F(FrontTest, AChunkedBodyThatOutgrowsTheBudgetIs503) {
  start({.bodies_bytes_max = kLarge});
  RawClient slow = client();
  slow.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 5; ++i) slow.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n");
  const auto refused = slow.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(refused->body.find("OVERLOADED"), std::string::npos);
}

// Control: with room for all the same bodies are read.
TEST_F(FrontTest, WithRoomEveryLargeBodyIsRead) {
  start();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(statusOf(post("/up", std::string(kLarge, 'z'))), 200);
  EXPECT_EQ(rejected("body_budget"), 0U);
}

}  // namespace
}  // namespace bulkhead::host
