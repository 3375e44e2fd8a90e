#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace bulkhead::host {

/// An immutable value that is replaced as a whole while other threads read it. A reader keeps what
/// it loaded for as long as it likes. The lock is held for a reference count only, so that a loop
/// may load. (std::atomic<std::shared_ptr> of libstdc++ 12 ends a load with a relaxed store, so
/// that the next replacement is not ordered after it.)
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : value_{std::move(first)} {}

  std::shared_ptr<const T> load() const {
    const std::lock_guard lock{mutex_};
    return value_;
  }
  /// What was there before ends with its last reader, never under the lock.
  void store(std::shared_ptr<const T> next) {
    const std::lock_guard lock{mutex_};
    value_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace bulkhead::host
