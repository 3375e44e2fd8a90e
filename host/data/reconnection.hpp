#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

namespace bulkhead::host::data {

/// Whether a server is away, and the attempts to reach it again: by a thread of its own with
/// growing pauses and full jitter, and one at once for who asks after it (C21). Whoever else comes
/// meanwhile is told at once. Thread-safe.
class Reconnection {
 public:
  using Clock = std::chrono::steady_clock;
  struct Pauses {
    std::chrono::milliseconds first;
    std::chrono::milliseconds longest;
    std::chrono::milliseconds asked;  ///< between an attempt and the next of who asks
  };
  /// Connects, or throws.
  using Attempt = std::function<void()>;

  Reconnection(Pauses pauses, Attempt attempt);
  /// Waits for the attempt that runs.
  ~Reconnection();
  Reconnection(const Reconnection&) = delete;
  Reconnection& operator=(const Reconnection&) = delete;

  bool isAway() const;
  /// A connection could not be made: from now on it is away.
  void noteAway();
  void noteThere();
  /// True when it is there, or an attempt now finds it so; false when the last one was just now.
  bool ask();

 private:
  void run();
  bool attempt();
  std::chrono::milliseconds pause(int failed);

  const Pauses pauses_;
  const Attempt attempt_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool away_ = false;
  bool ended_ = false;
  Clock::time_point last_attempt_{};
  std::minstd_rand chance_{std::random_device{}()};
  std::thread thread_;  ///< begins when it is away for the first time
};

}  // namespace bulkhead::host::data
