#include "data/retry_gate.hpp"

#include <algorithm>

#include "data/database_error.hpp"

namespace bulkhead::host::data {

RetryGate::Pass RetryGate::enter(bool alone, Clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  if (!alone) {
    await(lock, deadline, [this] { return alone_ == 0; });
    ++inside_;
    return Pass{*this, alone};
  }
  ++alone_;
  try {
    await(lock, deadline, [this] { return inside_ == 0 && !taken_; });
  } catch (...) {
    --alone_;
    changed_.notify_all();
    throw;
  }
  taken_ = true;
  ++inside_;
  return Pass{*this, alone};
}

void RetryGate::await(std::unique_lock<std::mutex>& lock, Clock::time_point deadline,
                      const std::function<bool()>& free) {
  std::uint64_t seen = left_;
  while (!changed_.wait_until(lock, std::min(deadline, Clock::now() + patience_), free)) {
    if (Clock::now() >= deadline) throw databaseBusy("Others write the same for too long.");
    if (seen == left_) return;
    seen = left_;
  }
}

void RetryGate::leave(bool alone) {
  const std::lock_guard lock{mutex_};
  --inside_;
  ++left_;
  if (alone) {
    --alone_;
    taken_ = false;
  }
  changed_.notify_all();
}

}  // namespace bulkhead::host::data
