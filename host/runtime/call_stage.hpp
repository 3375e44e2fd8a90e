#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::host {

/// What a call is doing, for whoever has to say after a death what was lost.
enum class CallStage : std::uint32_t {
  None,      ///< no call was begun here
  Call,      ///< in the plugin's own code
  Read,      ///< in its store, reading, or waiting to
  Write,     ///< in its store, writing, or waiting to
  Outbound,  ///< with an outside service
  Done       ///< it was answered
};

/// Where this thread's call tells what it is doing. Threads that nobody watches pay a look at a
/// thread-local pointer.
class CallStageMark {
 public:
  /// From now on this thread's stages are written to `place`, which outlives them; null: to none.
  static void watch(std::atomic<CallStage>* place) noexcept { place_ = place; }

  /// What this thread writes to; may be asked in a signal handler.
  static std::atomic<CallStage>* watched() noexcept { return place_; }

  /// Within a scope the call is in that stage, and then where it was.
  explicit CallStageMark(CallStage stage) noexcept : at_{place_} {
    if (at_ != nullptr) before_ = at_->exchange(stage, std::memory_order_relaxed);
  }
  ~CallStageMark() {
    if (at_ != nullptr) at_->store(before_, std::memory_order_relaxed);
  }
  CallStageMark(const CallStageMark&) = delete;
  CallStageMark& operator=(const CallStageMark&) = delete;

 private:
  static inline thread_local std::atomic<CallStage>* place_ = nullptr;
  std::atomic<CallStage>* const at_;
  CallStage before_ = CallStage::None;
};

/// Within a scope the thread writes its stages to that place, and then to its own again: for work
/// that one thread does for another.
class CallStagePlace {
 public:
  explicit CallStagePlace(std::atomic<CallStage>* place) noexcept
      : before_{CallStageMark::watched()} {
    CallStageMark::watch(place);
  }
  ~CallStagePlace() { CallStageMark::watch(before_); }
  CallStagePlace(const CallStagePlace&) = delete;
  CallStagePlace& operator=(const CallStagePlace&) = delete;

 private:
  std::atomic<CallStage>* const before_;
};

}  // namespace bulkhead::host
