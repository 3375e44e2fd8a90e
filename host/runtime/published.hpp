#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace bulkhead::host {

/// A value that is replaced as a whole while others read it: a reader keeps the one that it got.
/// The lock is held for a pointer's copy only, so nobody sleeps for it: each request takes it, and
/// a mutex would cost ten times the copy. (std::atomic<std::shared_ptr> of libstdc++ 12 is not free
/// of races: its load unlocks with relaxed order, which ThreadSanitizer reports.)
template <class Value>
class Published {
 public:
  explicit Published(std::shared_ptr<const Value> value = nullptr) : value_{std::move(value)} {}

  std::shared_ptr<const Value> load() const {
    const Hold hold{taken_};
    return value_;
  }
  void store(std::shared_ptr<const Value> value) {
    {
      const Hold hold{taken_};
      value_.swap(value);
    }
    // what was replaced goes here, outside the lock
  }

 private:
  class Hold {
   public:
    explicit Hold(std::atomic_flag& taken) : taken_{taken} {
      while (taken_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~Hold() { taken_.clear(std::memory_order_release); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::atomic_flag& taken_;
  };

  mutable std::atomic_flag taken_;
  std::shared_ptr<const Value> value_;
};

}  // namespace bulkhead::host
