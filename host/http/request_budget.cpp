#include "http/request_budget.hpp"

namespace bulkhead::host {
namespace {

std::size_t counted(std::size_t bytes) {
  return bytes <= RequestBudget::kUncountedBytes ? 0 : bytes;
}

}  // namespace

void RequestBudget::Share::release() noexcept {
  if (counted(bytes_) > 0) budget_->held_.fetch_sub(bytes_, std::memory_order_relaxed);
  bytes_ = 0;
}

bool RequestBudget::Share::growTo(std::size_t bytes) {
  if (bytes <= bytes_ || budget_ == nullptr) return true;
  const std::size_t more = counted(bytes) - counted(bytes_);
  if (more > 0 &&
      budget_->held_.fetch_add(more, std::memory_order_relaxed) + more > budget_->bytes_max_) {
    budget_->held_.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }
  bytes_ = bytes;
  return true;
}

}  // namespace bulkhead::host
