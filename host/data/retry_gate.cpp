#include "data/retry_gate.hpp"

namespace bulkhead::host::data {

RetryGate::Pass RetryGate::enter(bool alone) {
  std::unique_lock lock{mutex_};
  if (alone) {
    ++alone_;
    changed_.wait_for(lock, patience_, [this] { return inside_ == 0 && !taken_; });
    taken_ = true;
  } else {
    changed_.wait_for(lock, patience_, [this] { return alone_ == 0; });
  }
  ++inside_;
  return Pass{*this, alone};
}

void RetryGate::leave(bool alone) {
  const std::lock_guard lock{mutex_};
  --inside_;
  if (alone) {
    --alone_;
    taken_ = false;
  }
  changed_.notify_all();
}

}  // namespace bulkhead::host::data
