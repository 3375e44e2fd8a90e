#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <random>

namespace bulkhead::host {

/// How often a worker may die before it is not started again: so many deaths within a time, each
/// followed by a longer pause: 0, 0.1, 0.2, 0.4 ... 30 s, a quarter more or less. One thread.
class RestartBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RestartBudget(std::size_t deaths_max, std::chrono::milliseconds window)
      : deaths_max_{deaths_max}, window_{window} {}

  /// A death at `now`: how long to wait before the next start; nothing when there were too many.
  std::optional<std::chrono::milliseconds> died(Time now);
  void setLimits(std::size_t deaths_max, std::chrono::milliseconds window) {
    deaths_max_ = deaths_max;
    window_ = window;
  }
  /// Forgets all deaths: an operator says that it may start again.
  void forgive() { deaths_.clear(); }
  std::size_t recentDeaths() const { return deaths_.size(); }

 private:
  std::size_t deaths_max_;
  std::chrono::milliseconds window_;
  std::deque<Time> deaths_;
  std::minstd_rand jitter_{std::random_device{}()};
};

}  // namespace bulkhead::host
