#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace bulkhead::host {

/// The bytes that requests may hold together, from their arrival until their exchange is gone:
/// heads, bodies, decoded bodies. Small requests are not counted, so that most never meet it.
/// Thread-safe; outlives the front with the last request.
class RequestBudget {
 public:
  /// A request up to here is not counted.
  static constexpr std::size_t kUncountedBytes = 8 * 1024;

  explicit RequestBudget(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// Whether a request of that size would find room now.
  bool hasRoomFor(std::size_t bytes) const noexcept {
    return bytes <= kUncountedBytes || held_.load(std::memory_order_relaxed) + bytes <= bytes_max_;
  }
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

  /// What one request holds; gives it back at the end of its life. One thread at a time.
  class Share {
   public:
    /// Without a budget everything finds room.
    explicit Share(std::shared_ptr<RequestBudget> budget) : budget_{std::move(budget)} {}
    ~Share() { release(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    std::size_t bytes() const noexcept { return bytes_; }
    /// The request has `bytes` now, or more already. False, and nothing more is held, when there is
    /// no room.
    bool growTo(std::size_t bytes);
    /// The request holds nothing any more.
    void release() noexcept;

   private:
    const std::shared_ptr<RequestBudget> budget_;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace bulkhead::host
