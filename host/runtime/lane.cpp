#include "runtime/lane.hpp"

#include <algorithm>
#include <ctime>
#include <list>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace bulkhead::host {

namespace {

/// A task whose deadline passes tells nobody.
constexpr std::chrono::milliseconds kStuckLook{20};

/// The kernel's coarse clock costs a fifth of the exact one and is behind it by one tick at most,
/// 10 ms where ticks are slowest: only near the deadline is the exact one asked.
bool isPast(Lane::Time deadline) {
  timespec tick{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &tick);
  const Lane::Time::duration coarse =
      std::chrono::seconds{tick.tv_sec} + std::chrono::nanoseconds{tick.tv_nsec};
  constexpr std::chrono::milliseconds kTick{20};
  return deadline.time_since_epoch() < coarse + kTick &&
         deadline < std::chrono::steady_clock::now();
}

/// What the thread collects its wakes in, if it does.
thread_local LaneWakes* collected_wakes = nullptr;

}  // namespace

struct Lane::Shared {
  /// That of which this thread, a guest, keeps some waiting for a moment.
  static inline thread_local Shared* looked_after_ = nullptr;

  struct Waiting {
    Task task;
    Time deadline;
  };

  std::string name;
  LaneLimits limits;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;
  std::deque<Waiting> queue;
  std::list<Time> running;  // deadline of what each busy thread does
  std::size_t threads = 0;
  std::size_t guests = 0;  ///< threads of others that are at work
  std::size_t sleeping = 0;
  std::size_t notified = 0;  ///< of the sleeping, those on their way
  std::uint64_t refused = 0;
  std::uint64_t expired = 0;
  bool closed = false;

  bool isHung() const { return running.size() >= limits.threads && stuckCount() >= limits.threads; }

  /// A thread of another's may be at work, too.
  bool hasWork() const { return !queue.empty() && running.size() < limits.threads; }

  std::size_t freeThreads() const {
    return limits.threads - std::min(running.size(), limits.threads);
  }

  std::size_t stuckCount() const {
    return static_cast<std::size_t>(std::count_if(running.begin(), running.end(), isPast));
  }

  /// Whether another thread is to be woken for what waits. One at a time is on its way, and each
  /// that takes a task asks again: a task that takes long holds up none behind it, and those that
  /// do not are done by few threads.
  bool wantsWake() {
    if (!hasWork() || notified > 0 || sleeping == 0) return false;
    ++notified;
    return true;
  }

  void wakeForQueue() {
    {
      const std::lock_guard lock{mutex};
      if (!wantsWake()) return;
    }
    wake.notify_one();
  }

  void awaitTask(std::unique_lock<std::mutex>& lock) {
    ++sleeping;
    while (!hasWork() && !(closed && queue.empty()) && threads <= limits.threads) {
      wake.wait(lock);
      if (notified > 0) --notified;
    }
    --sleeping;
  }

  /// `own` is the thread's place in `running`, while it is not there.
  void doNext(std::unique_lock<std::mutex>& lock, std::list<Time>& own) {
    Waiting next = std::move(queue.front());
    queue.pop_front();
    const bool late = isPast(next.deadline);
    expired += late ? 1U : 0U;
    own.front() = next.deadline;
    running.splice(running.begin(), own);
    const auto place = running.begin();
    const bool wakes_another = looked_after_ != this && wantsWake();
    lock.unlock();
    if (wakes_another) wake.notify_one();
    next.task(late);
    next.task = nullptr;
    lock.lock();
    own.splice(own.begin(), running, place);
    if (running.empty() && queue.empty()) idle.notify_all();
    if (closed && queue.empty()) wake.notify_all();  // those that slept beside a guest may end
  }

  void workHere(std::size_t tasks_max, const InAMoment& in_a_moment) {
    std::list<Time> own(1);
    looked_after_ = tasks_max > 1 && in_a_moment && in_a_moment() ? this : nullptr;
    std::unique_lock lock{mutex};
    ++guests;
    for (; tasks_max > 0 && hasWork(); --tasks_max) doNext(lock, own);
    --guests;
    looked_after_ = nullptr;
    if (closed) {
      wake.notify_all();
      idle.notify_all();
      return;
    }
    const bool wakes_another = wantsWake();
    lock.unlock();
    if (wakes_another) wake.notify_one();
  }

  void work() {
    std::list<Time> own(1);
    std::unique_lock lock{mutex};
    for (;;) {
      awaitTask(lock);
      if (!hasWork() || threads > limits.threads) break;
      doNext(lock, own);
    }
    --threads;
    idle.notify_all();
    if (!queue.empty()) wake.notify_one();  // it may have been woken for what another has to do
  }
};

Lane::Lane(std::string name, LaneLimits limits) : shared_{std::make_shared<Shared>()} {
  shared_->name = std::move(name);
  shared_->limits = limits;
}

Lane::~Lane() {
  std::unique_lock lock{shared_->mutex};
  shared_->closed = true;
  shared_->wake.notify_all();
  const auto left_behind = [&] {
    return shared_->queue.empty() && shared_->threads + shared_->guests <= shared_->stuckCount();
  };
  while (!shared_->idle.wait_for(lock, kStuckLook, left_behind)) continue;
}

bool Lane::submit(Task task, Time deadline) {
  std::unique_lock lock{shared_->mutex};
  Shared& lane = *shared_;
  const bool hung = lane.isHung();
  if (lane.closed || hung || lane.queue.size() >= lane.limits.queue + lane.freeThreads()) {
    ++lane.refused;
    return false;
  }
  const bool wants_thread =
      lane.sleeping <= lane.queue.size() && lane.threads < lane.limits.threads;
  if (wants_thread && !addThread() && lane.threads == 0) {
    ++lane.refused;
    return false;
  }
  lane.queue.push_back({std::move(task), deadline});
  const bool wakes = collected_wakes == nullptr && lane.wantsWake();
  lock.unlock();  // or who wakes would wait for it at once
  if (wakes) lane.wake.notify_one();
  if (collected_wakes != nullptr) collected_wakes->add(shared_);
  return true;
}

/// False when the system gives none now.
bool Lane::addThread() {
  try {
    std::thread worker{[shared = shared_] { shared->work(); }};
    pthread_setname_np(worker.native_handle(), shared_->name.substr(0, 15).c_str());
    worker.detach();
  } catch (const std::system_error&) {
    return false;
  }
  ++shared_->threads;
  return true;
}

void Lane::setLimits(LaneLimits limits) {
  const std::lock_guard lock{shared_->mutex};
  shared_->limits = limits;
  while (shared_->threads < limits.threads && shared_->queue.size() > shared_->sleeping &&
         addThread())
    continue;
  shared_->wake.notify_all();
}

LaneLimits Lane::limits() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->limits;
}

LaneState Lane::state() const {
  const std::lock_guard lock{shared_->mutex};
  return {shared_->running.size(), shared_->queue.size(), shared_->stuckCount(), shared_->refused,
          shared_->expired};
}

bool Lane::isHung() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->isHung();
}

void Lane::workHere(std::size_t tasks_max, const InAMoment& in_a_moment) {
  const auto shared = shared_;  // a task may end the lane
  shared->workHere(tasks_max, in_a_moment);
}

void Lane::wakeOne() {
  shared_->wakeForQueue();
}

void Lane::beforeWait() noexcept {
  if (Shared* const lane = std::exchange(Shared::looked_after_, nullptr)) lane->wakeForQueue();
}

std::vector<Lane::Task> Lane::takeWaiting() {
  const std::lock_guard lock{shared_->mutex};
  std::vector<Task> tasks;
  tasks.reserve(shared_->queue.size());
  for (auto& waiting : shared_->queue) tasks.push_back(std::move(waiting.task));
  shared_->queue.clear();
  if (shared_->running.empty()) shared_->idle.notify_all();
  return tasks;
}

bool Lane::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock{shared_->mutex};
  shared_->closed = true;
  shared_->wake.notify_all();
  return shared_->idle.wait_for(lock, patience,
                                [&] { return shared_->running.empty() && shared_->queue.empty(); });
}

LaneWakes::LaneWakes() {
  collected_wakes = this;
}

LaneWakes::~LaneWakes() {
  collected_wakes = nullptr;
  flush();
}

void LaneWakes::add(const std::shared_ptr<Lane::Shared>& lane) {
  if (std::find(lanes_.begin(), lanes_.end(), lane) == lanes_.end()) lanes_.push_back(lane);
  if (++tasks_ >= kTasksMax) flush();
}

void LaneWakes::flush() {
  if (tasks_ == 0) return;
  tasks_ = 0;
  for (const auto& lane : lanes_) lane->wakeForQueue();
  lanes_.clear();
}

bool LaneWakes::workHere(Lane& lane, const Lane::InAMoment& in_a_moment) {
  if (lanes_.size() != 1 || lanes_.front() != lane.shared_) return false;
  lanes_.clear();
  lane.workHere(std::exchange(tasks_, 0), in_a_moment);
  return true;
}

}  // namespace bulkhead::host
