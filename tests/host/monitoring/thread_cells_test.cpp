#include "monitoring/thread_cells.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace bulkhead::host::monitoring {
namespace {

TEST(ThreadCells, NothingIsLostBetweenThreadsNorWhenTheyEnd) {
  ThreadCells& cells = ThreadCells::instance();
  const CellIndex cell = cells.allocate(1);
  constexpr int kRounds = 3;
  constexpr int kThreads = 4;
  constexpr int kAdds = 20000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([cell] {
        for (int i = 0; i < kAdds; ++i) ThreadCells::add(cell, 1);
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(cells.sum(cell), kRounds * kThreads * kAdds);
}

// Control: the same load and store on one shared number loses counts.
TEST(ThreadCells, OneSharedCellWithoutAtomicAddWouldLose) {
  std::atomic<double> shared{0};
  std::atomic<bool> go{false};
  double lost = 0;
  for (int attempt = 0; attempt < 50 && lost == 0; ++attempt) {
    shared = 0;
    go = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        for (int i = 0; i < 200000; ++i)
          shared.store(shared.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      });
    }
    go = true;
    for (auto& thread : threads) thread.join();
    lost = 4 * 200000 - shared;
  }
  EXPECT_GT(lost, 0);
}

TEST(ThreadCells, ReadsWhileOthersWriteNeverGoBack) {
  const CellIndex cell = ThreadCells::instance().allocate(1);
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    while (!stop) ThreadCells::add(cell, 1);
  }};
  double last = 0;
  for (int i = 0; i < 10000; ++i) {
    const double now = ThreadCells::instance().sum(cell);
    EXPECT_GE(now, last);
    last = now;
  }
  stop = true;
  writer.join();
}

TEST(ThreadCells, NeighboursStayOnOnePage) {
  ThreadCells& cells = ThreadCells::instance();
  for (int i = 0; i < 100; ++i) {
    const CellIndex first = cells.allocate(100);
    EXPECT_EQ(first / 1024, (first + 99) / 1024);
  }
}

}  // namespace
}  // namespace bulkhead::host::monitoring
