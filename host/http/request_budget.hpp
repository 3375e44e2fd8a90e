#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace bulkhead::host {

/// The bytes that request bodies may hold together, from their arrival until their exchange is
/// gone. Small bodies are not counted, so that most requests never meet it. Thread-safe; outlives
/// the front with the last body.
class BodyBudget {
 public:
  /// A body up to here is not counted.
  static constexpr std::size_t kUncountedBytes = 8 * 1024;

  explicit BodyBudget(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// Whether a body of that size would find room now.
  bool hasRoomFor(std::size_t bytes) const noexcept {
    return bytes <= kUncountedBytes || held_.load(std::memory_order_relaxed) + bytes <= bytes_max_;
  }
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

  /// What one body holds; gives it back at the end of its life.
  class Share {
   public:
    Share() = default;
    ~Share() {
      if (budget_) budget_->held_.fetch_sub(bytes_, std::memory_order_relaxed);
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// The body has `bytes` now, never fewer than before. False, and nothing more is held, when
    /// there is no room.
    bool growTo(const std::shared_ptr<BodyBudget>& budget, std::size_t bytes);

   private:
    std::shared_ptr<BodyBudget> budget_;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace bulkhead::host
