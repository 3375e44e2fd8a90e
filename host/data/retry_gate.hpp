#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace bulkhead::host::data {

/// Lets writers run beside each other until one has lost against others: it runs again alone, as
/// far as this process goes, so that the same others cannot make it lose for ever. Nobody waits on
/// when none has gone through for `patience`; then both kinds just go in. Thread-safe.
class RetryGate {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RetryGate(std::chrono::milliseconds patience) : patience_{patience} {}

  /// A writer inside, until this ends.
  class Pass {
   public:
    Pass(RetryGate& gate, bool alone) : gate_{gate}, alone_{alone} {}
    ~Pass() { gate_.leave(alone_); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    RetryGate& gate_;
    const bool alone_;
  };

  /// Throws DATABASE_BUSY when `deadline` comes while it waits.
  Pass enter(bool alone, Clock::time_point deadline);

 private:
  void leave(bool alone);
  void await(std::unique_lock<std::mutex>& lock, Clock::time_point deadline,
             const std::function<bool()>& free);

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  std::size_t alone_ = 0;   ///< who is alone, and who waits to be
  bool taken_ = false;      ///< by one who is alone
  std::uint64_t left_ = 0;  ///< who went through
};

}  // namespace bulkhead::host::data
