#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace bulkhead::host {

/// A value that is replaced as a whole while others read it: a reader keeps the one that it got.
/// The lock is held for a pointer's copy only. (std::atomic<std::shared_ptr> of libstdc++ 12 is not
/// free of races: its load unlocks with relaxed order, which ThreadSanitizer reports.)
template <class Value>
class Published {
 public:
  explicit Published(std::shared_ptr<const Value> value = nullptr) : value_{std::move(value)} {}

  std::shared_ptr<const Value> load() const {
    const std::lock_guard lock{mutex_};
    return value_;
  }
  void store(std::shared_ptr<const Value> value) {
    {
      const std::lock_guard lock{mutex_};
      value_.swap(value);
    }
    // what was replaced goes here, outside the lock
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Value> value_;
};

}  // namespace bulkhead::host
