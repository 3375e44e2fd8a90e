#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulkhead::host {

struct LaneLimits {
  std::size_t threads = 8;
  std::size_t queue = 1024;  ///< tasks that wait although every thread is busy
};

/// What a lane looks like at one moment.
struct LaneState {
  std::size_t running = 0;
  std::size_t queued = 0;
  std::size_t stuck = 0;  ///< running tasks whose deadline has passed
  std::uint64_t refused = 0;
  std::uint64_t expired = 0;  ///< tasks whose deadline passed before a thread was free
};

class LaneWakes;

/// A bounded pool of threads of one plugin: its bulkhead. Threads are made when first needed.
/// Thread-safe. A thread cannot be taken away from a task that hangs; what is bounded is how many
/// can hang.
class Lane {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// `expired` is true when the deadline passed while the task waited: it should do no more than
  /// say so.
  using Task = std::function<void(bool expired)>;

  Lane(std::string name, LaneLimits limits);
  /// Waits for idle threads; threads that are stuck are left behind with what they hold.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// False when the queue is full, the lane is closed, every thread is stuck, or the system gives
  /// it not even one thread: nothing was kept.
  bool submit(Task task, Time deadline);
  /// For what is submitted from now on; threads beyond the new number end with what they do.
  void setLimits(LaneLimits limits);
  LaneLimits limits() const;
  LaneState state() const;
  /// True when every thread of the lane runs past its deadline.
  bool isHung() const;
  /// Does at most so many of the tasks that wait on the calling thread, which counts as one of the
  /// lane's then. While others wait, a thread of the lane is woken for them.
  void workHere(std::size_t tasks_max);
  /// Takes out what waits for a thread, in its order: it is the caller's to do.
  std::vector<Task> takeWaiting();
  /// Refuses what comes from now on and waits until nothing runs or waits; false when `patience`
  /// ran out.
  bool drain(std::chrono::milliseconds patience);

 private:
  friend class LaneWakes;
  struct Shared;
  bool addThread();
  std::shared_ptr<Shared>
      shared_;  // also held by each thread, so that a stuck one outlives the lane safely
};

/// While it lives, lanes do not wake their threads for what this thread submits, but when it says
/// flush(): who hands out work in a row is not interrupted by the first of it. At most kTasksMax
/// tasks wait so. One per thread; used by that thread alone.
class LaneWakes {
 public:
  static constexpr std::size_t kTasksMax = 32;

  LaneWakes();
  /// flush().
  ~LaneWakes();
  LaneWakes(const LaneWakes&) = delete;
  LaneWakes& operator=(const LaneWakes&) = delete;

  void flush();
  /// Instead of flush(), when everything was submitted to `lane`: does as much on this thread.
  /// False when there was nothing, or something else.
  bool workHere(Lane& lane);

 private:
  friend class Lane;
  void add(const std::shared_ptr<Lane::Shared>& lane);

  std::vector<std::shared_ptr<Lane::Shared>> lanes_;
  std::size_t tasks_ = 0;
};

}  // namespace bulkhead::host
