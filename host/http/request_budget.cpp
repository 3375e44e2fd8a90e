#include "http/body_budget.hpp"

namespace bulkhead::host {

bool BodyBudget::Share::growTo(const std::shared_ptr<BodyBudget>& budget, std::size_t bytes) {
  if (bytes <= kUncountedBytes || bytes <= bytes_) return true;
  const std::size_t more = bytes - bytes_;
  if (budget->held_.fetch_add(more, std::memory_order_relaxed) + more > budget->bytes_max_) {
    budget->held_.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }
  if (!budget_) budget_ = budget;
  bytes_ = bytes;
  return true;
}

}  // namespace bulkhead::host
