#include "data/write_queue.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

const TransactionClosure kNothing = [](Transaction&) {};

void growFully(WriteQueue::Group& group) {
  while (group.grow()) {
  }
}

void awaitWaiting(const WriteQueue& queue, std::size_t count) {
  while (queue.waiting() < count) std::this_thread::yield();
}

// A queue whose first leader holds it until it is let go; `lead` is what leads after that.
class HeldQueue {
 public:
  explicit HeldQueue(WriteQueue::Lead lead = growFully)
      : queue{[this, lead](WriteQueue::Group& group) { hold(group, lead); }}, leader_{[this] {
          wait();
        }} {
    entered_.get_future().wait();
  }
  void letGo() {
    go_.set_value();
    leader_.join();
  }
  void wait(std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    WriteTicket ticket{kNothing};
    queue.run(ticket, within(patience));
  }

  WriteQueue queue;

 private:
  void hold(WriteQueue::Group& group, const WriteQueue::Lead& lead) {
    if (held_.exchange(true)) return lead(group);
    entered_.set_value();
    go_.get_future().wait();
  }
  std::atomic<bool> held_{false};
  std::promise<void> entered_;
  std::promise<void> go_;
  std::thread leader_;
};

TEST(WriteQueue, CallersThatQueuedBehindALeaderShareTheNextGroup) {
  std::atomic<int> groups{0};
  std::atomic<std::size_t> largest{0};
  HeldQueue held{[&](WriteQueue::Group& group) {
    growFully(group);
    ++groups;
    largest = std::max(largest.load(), group.members.size());
  }};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { held.wait(); });
  awaitWaiting(held.queue, 8);
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(groups, 1);
  EXPECT_EQ(largest, 8U);
}

TEST(WriteQueue, WhileCallersQueueNoneOfThemLeads) {
  const auto first = std::this_thread::get_id();
  std::mutex mutex;
  std::set<std::thread::id> leaders;
  WriteQueue queue{[&](WriteQueue::Group&) {
    const std::lock_guard lock{mutex};
    leaders.insert(std::this_thread::get_id());
  }};
  WriteTicket alone{kNothing};
  queue.run(alone, within());
  EXPECT_TRUE(leaders.count(first)) << "who is alone needs nobody else";

  std::set<std::thread::id> later;
  HeldQueue held{[&](WriteQueue::Group&) { later.insert(std::this_thread::get_id()); }};
  std::vector<std::thread> threads;
  std::set<std::thread::id> callers;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { held.wait(); });
    callers.insert(threads.back().get_id());
    awaitWaiting(held.queue, static_cast<std::size_t>(i) + 1);
  }
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(later.size(), 1U) << "three groups, one leader";
  EXPECT_FALSE(callers.count(*later.begin()));
}

TEST(WriteQueue, OneThatWaitsLeavesAtItsDeadline) {
  HeldQueue held;
  EXPECT_EQ(codeOf([&] { held.wait(std::chrono::milliseconds{20}); }), "DATABASE_BUSY");
  EXPECT_EQ(held.queue.waiting(), 0U);
  held.letGo();
}

TEST(WriteQueue, OneThatWasStartedStaysUntilItsGroupEnded) {
  std::atomic<int> returned{0};
  HeldQueue held{[&](WriteQueue::Group& group) {
    growFully(group);
    ASSERT_EQ(group.members.size(), 2U);
    const auto past_deadline = within(std::chrono::milliseconds{60});
    while (std::chrono::steady_clock::now() < past_deadline) {
      ASSERT_EQ(returned, 0);
      std::this_thread::yield();
    }
  }};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      held.wait(std::chrono::seconds{2});
      ++returned;
    });
    awaitWaiting(held.queue, i + 1);
  }
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(returned, 2);
}

TEST(WriteQueue, AnAloneTicketRunsOnItsCallersThreadAndJoinsNoGroup) {
  std::atomic<int> groups{0};
  HeldQueue held{[&](WriteQueue::Group& group) {
    growFully(group);
    if (const auto* alone = group.members.front()->alone(); alone != nullptr) {
      EXPECT_EQ(group.members.size(), 1U);
      (*alone)();
    }
    ++groups;
  }};
  std::vector<std::thread> threads;
  std::thread::id ran_on;
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      if (i != 1) return held.wait();
      const std::function<void()> alone = [&] { ran_on = std::this_thread::get_id(); };
      WriteTicket ticket{alone};
      held.queue.run(ticket, within());
    });
    awaitWaiting(held.queue, i + 1);
  }
  const auto caller = threads[1].get_id();
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(groups, 3);
  EXPECT_EQ(ran_on, caller);
}

TEST(WriteQueue, AnOutcomeIsThrownToItsOwnCaller) {
  bool refusing = true;
  WriteQueue queue{[&](WriteQueue::Group& group) {
    if (!refusing) return;
    group.members[0]->error = std::make_exception_ptr(Error::conflict("SLOT_TAKEN", "Taken."));
  }};
  WriteTicket refused{kNothing};
  EXPECT_EQ(codeOf([&] { queue.run(refused, within()); }), "SLOT_TAKEN");
  refusing = false;
  WriteTicket kept{kNothing};
  EXPECT_EQ(codeOf([&] { queue.run(kept, within()); }), "none");
}

}  // namespace
}  // namespace bulkhead::host::data
