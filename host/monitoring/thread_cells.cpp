#include "monitoring/thread_cells.hpp"

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {

ThreadCells::Lease::~Lease() {
  if (block == nullptr) return;
  current_ = nullptr;
  instance().returnBlock(block);
}

ThreadCells& ThreadCells::instance() {
  // allowed: never destroyed, threads may end, and count, after the end of main
  static ThreadCells* const cells = new ThreadCells;
  return *cells;
}

CellIndex ThreadCells::allocate(std::size_t count) {
  const std::lock_guard lock{mutex_};
  // Neighbours stay on one page, so that one look-up serves a whole histogram.
  if (used_ % kPageCells + count > kPageCells) used_ += kPageCells - used_ % kPageCells;
  if (count > kPageCells || used_ + count > kPages * kPageCells)
    throw Error::app("TOO_MANY_SERIES", "There is no room for another metric series.");
  const std::size_t first = used_;
  used_ += count;
  return static_cast<CellIndex>(first);
}

double ThreadCells::sum(CellIndex cell) const {
  std::vector<double> one(1);
  sum(cell, one);
  return one.front();
}

void ThreadCells::sum(CellIndex cell, std::vector<double>& out) const {
  const std::lock_guard lock{mutex_};
  for (const auto& block : blocks_) {
    const Page* page = block->pages[cell / kPageCells].load(std::memory_order_acquire);
    if (page == nullptr) continue;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += (*page)[cell % kPageCells + i].load(std::memory_order_relaxed);
  }
}

std::atomic<double>& ThreadCells::firstTouch(CellIndex cell) {
  thread_local Lease lease;
  if (current_ == nullptr) {
    lease.block = instance().borrowBlock();
    current_ = lease.block;
  }
  auto& slot = current_->pages[cell / kPageCells];
  if (slot.load(std::memory_order_relaxed) == nullptr) {
    current_->owned.push_back(std::make_unique<Page>());
    slot.store(current_->owned.back().get(), std::memory_order_release);
  }
  return (*slot.load(std::memory_order_relaxed))[cell % kPageCells];
}

ThreadCells::Block* ThreadCells::borrowBlock() {
  const std::lock_guard lock{mutex_};
  if (!idle_.empty()) {
    Block* block = idle_.back();
    idle_.pop_back();
    return block;
  }
  blocks_.push_back(std::make_unique<Block>());
  return blocks_.back().get();
}

void ThreadCells::returnBlock(Block* block) {
  const std::lock_guard lock{mutex_};
  idle_.push_back(block);
}

}  // namespace bulkhead::host::monitoring
