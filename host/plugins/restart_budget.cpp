#include "plugins/restart_budget.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{100};
constexpr milliseconds kLongest{30'000};

}  // namespace

std::optional<milliseconds> RestartBudget::died(Time now) {
  while (!deaths_.empty() && deaths_.front() + window_ < now) deaths_.pop_front();
  deaths_.push_back(now);
  if (deaths_.size() > deaths_max_) return std::nullopt;
  if (deaths_.size() == 1) return milliseconds{0};
  milliseconds pause = kFirst;
  for (std::size_t death = 2; death < deaths_.size() && pause < kLongest; ++death) pause *= 2;
  pause = std::min(pause, kLongest);
  return pause * std::uniform_int_distribution<int>{75, 125}(jitter_) / 100;
}

}  // namespace bulkhead::host
