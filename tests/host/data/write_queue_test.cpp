#include "data/write_queue.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <thread>

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

// A leader that holds the queue until it is let go.
class HeldQueue {
 public:
  HeldQueue() : leader_{[this] { lead(); }} { entered_.get_future().wait(); }
  void letGo() {
    go_.set_value();
    leader_.join();
  }
  WriteQueue queue;

 private:
  void lead() {
    WriteTicket ticket{kNothing};
    queue.run(ticket, within(), [this](WriteQueue::Group&) {
      entered_.set_value();
      go_.get_future().wait();
    });
  }
  std::promise<void> entered_;
  std::promise<void> go_;
  std::thread leader_;
};

TEST(WriteQueue, CallersThatQueuedBehindALeaderShareTheNextGroup) {
  HeldQueue held;
  std::atomic<int> groups{0};
  std::atomic<std::size_t> largest{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      WriteTicket ticket{kNothing};
      held.queue.run(ticket, within(), [&](WriteQueue::Group& group) {
        growFully(group);
        ++groups;
        largest = std::max(largest.load(), group.members.size());
      });
    });
  }
  awaitWaiting(held.queue, 8);
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(groups, 1);
  EXPECT_EQ(largest, 8U);
}

TEST(WriteQueue, OneThatWaitsLeavesAtItsDeadline) {
  HeldQueue held;
  WriteTicket ticket{kNothing};
  bool led = false;
  EXPECT_EQ(codeOf([&] {
              held.queue.run(ticket, within(std::chrono::milliseconds{20}),
                             [&](WriteQueue::Group&) { led = true; });
            }),
            "DATABASE_BUSY");
  EXPECT_FALSE(led);
  EXPECT_EQ(held.queue.waiting(), 0U);
  held.letGo();
}

TEST(WriteQueue, OneThatWasStartedStaysUntilItsGroupEnded) {
  HeldQueue held;
  std::atomic<bool> returned{false};
  std::thread follower_leads{[&] {
    WriteTicket ticket{kNothing};
    held.queue.run(ticket, within(), [&](WriteQueue::Group& group) {
      growFully(group);
      ASSERT_EQ(group.members.size(), 2U);
      const auto past_deadline = within(std::chrono::milliseconds{60});
      while (std::chrono::steady_clock::now() < past_deadline) {
        ASSERT_FALSE(returned);
        std::this_thread::yield();
      }
    });
  }};
  awaitWaiting(held.queue, 1);
  std::thread started{[&] {
    WriteTicket ticket{kNothing};
    held.queue.run(ticket, within(std::chrono::seconds{2}), [](WriteQueue::Group&) {});
    returned = true;
  }};
  awaitWaiting(held.queue, 2);
  held.letGo();
  follower_leads.join();
  started.join();
  EXPECT_TRUE(returned);
}

TEST(WriteQueue, AnAloneTicketNeverJoinsAGroup) {
  HeldQueue held;
  const std::function<void()> alone = [] {};
  std::vector<std::thread> threads;
  std::atomic<int> groups{0};
  const auto lead = [&](WriteQueue::Group& group) {
    growFully(group);
    if (group.members.front()->alone() != nullptr) {
      EXPECT_EQ(group.members.size(), 1U);
    }
    ++groups;
  };
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      if (i == 1) {
        WriteTicket ticket{alone};
        held.queue.run(ticket, within(), lead);
      } else {
        WriteTicket ticket{kNothing};
        held.queue.run(ticket, within(), lead);
      }
    });
    awaitWaiting(held.queue, static_cast<std::size_t>(i) + 1);
  }
  held.letGo();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(groups, 3);
}

TEST(WriteQueue, AnOutcomeIsThrownToItsOwnCaller) {
  WriteQueue queue;
  WriteTicket refused{kNothing};
  const auto refuse = [](WriteQueue::Group& group) {
    group.members[0]->error = std::make_exception_ptr(Error::conflict("SLOT_TAKEN", "Taken."));
  };
  EXPECT_EQ(codeOf([&] { queue.run(refused, within(), refuse); }), "SLOT_TAKEN");
  WriteTicket kept{kNothing};
  EXPECT_EQ(codeOf([&] { queue.run(kept, within(), [](WriteQueue::Group&) {}); }), "none");
}

}  // namespace
}  // namespace bulkhead::host::data
