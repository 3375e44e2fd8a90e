#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace bulkhead::host {

/// A thread's place to say which object it is using. Places are few and kept for a thread's life;
/// a thread that finds none free has none.
class PinPlace {
 public:
  /// The calling thread's; null when there is none, or it is in use.
  static PinPlace* take() noexcept;
  /// Deletes it when no thread uses it: now, after a wait of no more than their short calls, or,
  /// where the calling thread itself does, when that leaves.
  static void endUnused(std::shared_ptr<const void> object) noexcept;

  /// Ordered before what the thread loads next.
  void use(const void* object) noexcept { used_.store(object, std::memory_order_seq_cst); }
  void leave() noexcept {
    used_.store(nullptr, std::memory_order_release);
    taken_ = false;
    if (kept_ != nullptr) endUnused(std::move(kept_));
  }

 private:
  friend struct PinPlaces;
  alignas(64) std::atomic<const void*> used_{nullptr};
  std::atomic<bool> owned_{false};
  bool taken_ = false;                ///< by a pin of its thread, which alone looks
  std::shared_ptr<const void> kept_;  ///< ends when its thread leaves
};

/// Keeps what `current` points to from being deleted while it lives, for the length of a short
/// call, without a lock and without counting: a hazard pointer (M. M. Michael, IEEE TPDS 15(6),
/// 2004). Used by the thread that made it. Whoever owns the object has `current` point elsewhere
/// before its owner lets it go, which is a makePinned().
template <class T>
class Pin {
 public:
  explicit Pin(const std::atomic<T*>& current) noexcept : place_{PinPlace::take()} {
    if (place_ == nullptr) return;
    object_ = current.load(std::memory_order_acquire);
    while (object_ != nullptr) {
      place_->use(object_);
      T* const still = current.load(std::memory_order_seq_cst);
      if (still == object_) return;
      object_ = still;
    }
  }
  ~Pin() {
    if (place_ != nullptr) place_->leave();
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  /// Null when there was nothing, or this thread has no place for a pin, or one in use: who needs
  /// the object takes his lock then.
  T* get() const noexcept { return object_; }

 private:
  PinPlace* const place_;
  T* object_ = nullptr;
};

/// An object that outlives its last owner until no Pin has it.
template <class T, class... Arguments>
std::shared_ptr<T> makePinned(Arguments&&... arguments) {
  return {std::make_unique<T>(std::forward<Arguments>(arguments)...).release(),
          [](T* object) { PinPlace::endUnused(std::shared_ptr<const T>{object}); }};
}

}  // namespace bulkhead::host
