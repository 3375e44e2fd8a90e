#include "data/retry_gate.hpp"

#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;

struct Inside {
  explicit Inside(RetryGate& gate) : pass(gate.enter(false, within())) {}
  const RetryGate::Pass pass;
};

std::future<void> entering(RetryGate& gate, bool alone, std::chrono::milliseconds time) {
  return std::async(std::launch::async, [&gate, alone, time] { gate.enter(alone, within(time)); });
}

// Goal: nobody waits for longer than its caller does, and who gave up holds nobody up.
TEST(RetryGate, ItEndsWithTheDeadline) {
  RetryGate gate{std::chrono::hours{1}};
  {
    const RetryGate::Pass inside = gate.enter(true, within());
    for (const bool alone : {true, false}) {
      EXPECT_EQ(codeOf([&] { gate.enter(alone, within(milliseconds{30})); }), "DATABASE_BUSY");
    }
  }
  entering(gate, false, milliseconds{5'000}).get();
  entering(gate, true, milliseconds{5'000}).get();
}

// Goal: where one goes through now and then, all that were before it do, however slow they are
// together; else all who lost would run out of patience at once, and lose again.
TEST(RetryGate, PatienceEndsOnlyWhereNobodyGoesThrough) {
  constexpr milliseconds kStep{400};
  RetryGate gate{kStep * 4};
  std::vector<std::unique_ptr<Inside>> inside;
  for (int i = 0; i < 6; ++i) inside.push_back(std::make_unique<Inside>(gate));
  auto waiter = entering(gate, true, milliseconds{60'000});
  for (; !inside.empty(); inside.pop_back())
    EXPECT_EQ(waiter.wait_for(kStep), std::future_status::timeout) << inside.size();
  waiter.get();
}

TEST(RetryGate, OneThatNeverGoesThroughIsNotWaitedFor) {
  RetryGate gate{milliseconds{30}};
  const RetryGate::Pass stuck = gate.enter(true, within());
  entering(gate, false, milliseconds{10'000}).get();
  entering(gate, true, milliseconds{10'000}).get();
}

}  // namespace
}  // namespace bulkhead::host::data
