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
  struct Entry {
    Task task{};
    Time deadline{};
  };

  std::string name;
  LaneLimits limits;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;
  std::list<Entry> queue;
  std::list<Entry> running;  ///< what each busy thread does
  std::list<Entry> spare;    ///< empty ones, so that a task moves from list to list in its place
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
    return static_cast<std::size_t>(std::count_if(
        running.begin(), running.end(), [](const Entry& entry) { return isPast(entry.deadline); }));
  }

  void add(Task task, Time deadline) {
    if (spare.empty()) spare.emplace_back();
    queue.splice(queue.end(), spare, spare.begin());
    queue.back().task = std::move(task);
    queue.back().deadline = deadline;
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

  void doNext(std::unique_lock<std::mutex>& lock) {
    running.splice(running.begin(), queue, queue.begin());
    const auto entry = running.begin();
    const bool late = isPast(entry->deadline);
    expired += late ? 1U : 0U;
    const bool wakes_another = wantsWake();
    lock.unlock();
    if (wakes_another) wake.notify_one();
    entry->task(late);
    entry->task = nullptr;
    lock.lock();
    spare.splice(spare.begin(), running, entry);
    if (running.empty() && queue.empty()) idle.notify_all();
    if (closed && queue.empty()) wake.notify_all();  // those that slept beside a guest may end
  }

  void workHere(std::size_t tasks_max) {
    std::unique_lock lock{mutex};
    ++guests;
    for (; tasks_max > 0 && hasWork(); --tasks_max) doNext(lock);
    --guests;
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
    std::unique_lock lock{mutex};
    for (;;) {
      awaitTask(lock);
      if (!hasWork() || threads > limits.threads) break;
      doNext(lock);
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
  lane.add(std::move(task), deadline);
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

void Lane::workHere(std::size_t tasks_max) {
  const auto shared = shared_;  // a task may end the lane
  shared->workHere(tasks_max);
}

std::vector<Lane::Task> Lane::takeWaiting() {
  const std::lock_guard lock{shared_->mutex};
  std::vector<Task> tasks;
  tasks.reserve(shared_->queue.size());
  for (auto& entry : shared_->queue) tasks.push_back(std::move(entry.task));
  shared_->spare.splice(shared_->spare.begin(), shared_->queue);
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

bool LaneWakes::workHere(Lane& lane) {
  if (lanes_.size() != 1 || lanes_.front() != lane.shared_) return false;
  lanes_.clear();
  lane.workHere(std::exchange(tasks_, 0));
  return true;
}

}  // namespace bulkhead::host
