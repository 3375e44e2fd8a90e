#include "data/reconnection.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host::data {

Reconnection::Reconnection(Pauses pauses, Attempt attempt)
    : pauses_{pauses}, attempt_{std::move(attempt)} {}

Reconnection::~Reconnection() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Reconnection::isAway() const {
  const std::lock_guard lock{mutex_};
  return away_;
}

void Reconnection::noteAway() {
  const std::lock_guard lock{mutex_};
  away_ = true;
  last_attempt_ = Clock::now();
  if (!thread_.joinable() && !ended_) thread_ = std::thread{[this] { run(); }};
  changed_.notify_all();
}

void Reconnection::noteThere() {
  const std::lock_guard lock{mutex_};
  away_ = false;
}

bool Reconnection::ask() {
  {
    const std::lock_guard lock{mutex_};
    if (!away_) return true;
    if (Clock::now() < last_attempt_ + pauses_.asked) return false;
    last_attempt_ = Clock::now();
  }
  return attempt();
}

bool Reconnection::attempt() {
  try {
    attempt_();
  } catch (const std::exception&) {
    return false;
  }
  noteThere();
  return true;
}

void Reconnection::run() {
  std::unique_lock lock{mutex_};
  for (int failed = 0; !ended_;) {
    changed_.wait(lock, [this] { return away_ || ended_; });
    const auto until = Clock::now() + pause(failed);
    changed_.wait_until(lock, until, [this] { return ended_ || !away_; });
    if (ended_ || !away_) {
      failed = 0;
      continue;
    }
    last_attempt_ = Clock::now();
    lock.unlock();
    failed = attempt() ? 0 : failed + 1;
    lock.lock();
  }
}

std::chrono::milliseconds Reconnection::pause(int failed) {
  const auto most = std::min(pauses_.longest, pauses_.first * (1 << std::min(failed, 10)));
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>{most.count() / 4, most.count()}(chance_)};
}

}  // namespace bulkhead::host::data
