#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bulkhead::host {

/// The end of a stop that hangs (ops §5.11): ends the process when `limit` has passed, with exit
/// code 70 and a log line that names the step it was at.
class StopLimit {
 public:
  explicit StopLimit(std::chrono::milliseconds limit);
  /// The stop has ended by itself.
  ~StopLimit();
  StopLimit(const StopLimit&) = delete;
  StopLimit& operator=(const StopLimit&) = delete;

  /// What is done from now on; a literal.
  void step(const char* what) noexcept { step_ = what; }

 private:
  void watch();

  const std::chrono::milliseconds limit_;
  std::atomic<const char*> step_{"nothing yet"};
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::host
