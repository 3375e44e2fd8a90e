#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace bulkhead::host::monitoring {

using CellIndex = std::uint32_t;

/// Numbers that every thread adds to in memory of its own, and that are summed when somebody reads:
/// adding is a load and a store without any shared line. What a thread that ended had added stays,
/// and its memory goes on with the next new thread. One per process.
class ThreadCells {
 public:
  static ThreadCells& instance();

  ThreadCells(const ThreadCells&) = delete;
  ThreadCells& operator=(const ThreadCells&) = delete;

  /// `count` neighbouring cells at 0, for good. Throws Error (app, TOO_MANY_SERIES) when half a
  /// million are in use.
  CellIndex allocate(std::size_t count);
  /// On the calling thread's cell. Wait-free but for the first touch of a page.
  static void add(CellIndex cell, double amount) {
    std::atomic<double>& mine = cellOfThread(cell);
    mine.store(mine.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  /// Over all threads. Writers are not disturbed.
  double sum(CellIndex cell) const;
  /// sum() of neighbours at once: out[i] += cell + i.
  void sum(CellIndex cell, std::vector<double>& out) const;

 private:
  static constexpr std::size_t kPageCells = 1024;
  static constexpr std::size_t kPages = 512;
  using Page = std::array<std::atomic<double>, kPageCells>;
  /// One thread's cells; written by that thread alone.
  struct Block {
    std::array<std::atomic<Page*>, kPages> pages{};  ///< read by every thread
    std::vector<std::unique_ptr<Page>> owned;        ///< only the block's thread looks here
  };
  /// Gives the thread's block back when the thread ends.
  struct Lease {
    Block* block = nullptr;
    ~Lease();
  };

  ThreadCells() = default;
  static std::atomic<double>& cellOfThread(CellIndex cell) {
    if (current_ != nullptr) {
      Page* page = current_->pages[cell / kPageCells].load(std::memory_order_relaxed);
      if (page != nullptr) [[likely]]
        return (*page)[cell % kPageCells];
    }
    return firstTouch(cell);
  }
  static std::atomic<double>& firstTouch(CellIndex cell);
  Block* borrowBlock();
  void returnBlock(Block* block);

  static thread_local constinit inline Block* current_ = nullptr;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Block*> idle_;
  std::size_t used_ = 0;
};

}  // namespace bulkhead::host::monitoring
