#include "monitoring/performance_monitor.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host::monitoring {
namespace {

std::int64_t minuteOf(WallTime time) {
  return std::chrono::duration_cast<std::chrono::minutes>(time.time_since_epoch()).count();
}

}  // namespace

PerformanceMonitor::PerformanceMonitor(PerformanceOptions options)
    : options_{std::move(options)},
      slow_query_ms_{options_.slow_query.count()},
      slow_api_ms_{options_.slow_api.count()} {}

void PerformanceMonitor::setThresholds(SlowThresholds thresholds) noexcept {
  slow_query_ms_ = thresholds.query.count();
  slow_api_ms_ = thresholds.api.count();
}

SlowThresholds PerformanceMonitor::thresholds() const noexcept {
  return {std::chrono::milliseconds{slow_query_ms_.load()},
          std::chrono::milliseconds{slow_api_ms_.load()}};
}

void PerformanceMonitor::recordQuery(std::string_view owner, std::string_view statement,
                                     std::chrono::microseconds duration, bool failed) {
  const WallTime now = options_.now();
  const bool slow = duration > thresholds().query;
  queries_.add(minuteOf(now), duration, failed, false, slow);
  if (slow) keep(slow_queries_, {now, std::string{owner}, std::string{statement}, duration});
}

void PerformanceMonitor::recordApi(const ApiCall& call) {
  const WallTime now = options_.now();
  const bool slow = call.duration > thresholds().api;
  const bool failed = call.status >= 500;
  const bool refused = call.status >= 400 && !failed;
  apis_.add(minuteOf(now), call.duration, failed, refused, slow);
  if (!call.plugin.empty())
    windowOf(call.plugin).add(minuteOf(now), call.duration, failed, refused, slow);
  if (!slow) return;
  keep(slow_apis_, {now, std::string{call.method}, std::string{call.route}, call.status,
                    call.duration, std::string{call.request_id}});
}

PerformanceWindow& PerformanceMonitor::windowOf(std::string_view plugin) {
  {
    const std::shared_lock lock{plugins_mutex_};
    const auto found = plugins_.find(plugin);
    if (found != plugins_.end()) return found->second;
  }
  const std::lock_guard lock{plugins_mutex_};
  return plugins_.try_emplace(std::string{plugin}, kPluginMinutes).first->second;
}

DurationCounts PerformanceMonitor::ofPlugin(std::string_view plugin) const {
  const std::shared_lock lock{plugins_mutex_};
  const auto found = plugins_.find(plugin);
  if (found == plugins_.end()) return {};
  return found->second.over(minuteOf(options_.now()), kPluginMinutes);
}

void PerformanceMonitor::recordError(TrackedError error) {
  error.at = options_.now();
  if (error.category.empty()) {
    const ErrorClass found = classify(error.status);
    error.category = found.category;
    error.severity = found.severity;
  }
  const std::int64_t minute = minuteOf(error.at);
  {
    const std::lock_guard lock{mutex_};
    ++errors_per_minute_[minute];
    errors_per_minute_.erase(
        errors_per_minute_.begin(),
        errors_per_minute_.lower_bound(minute - PerformanceWindow::kMinutesMax + 1));
  }
  keep(errors_, std::move(error));
}

std::vector<SlowQuery> PerformanceMonitor::slowQueries(std::size_t limit) const {
  return newest(slow_queries_, limit);
}

std::vector<SlowApi> PerformanceMonitor::slowApis(std::size_t limit) const {
  return newest(slow_apis_, limit);
}

std::vector<TrackedError> PerformanceMonitor::errors(std::size_t limit) const {
  return newest(errors_, limit);
}

PerformanceStatistics PerformanceMonitor::statistics(std::int64_t window_minutes) const {
  const std::int64_t minute = minuteOf(options_.now());
  const std::int64_t first = minute - window_minutes + 1;
  PerformanceStatistics statistics;
  statistics.window_minutes = window_minutes;
  statistics.queries = queries_.over(minute, window_minutes);
  statistics.apis = apis_.over(minute, window_minutes);
  const std::lock_guard lock{mutex_};
  for (auto each = errors_per_minute_.lower_bound(first); each != errors_per_minute_.end(); ++each)
    statistics.errors += each->second;
  for (const auto& error : errors_) {
    if (minuteOf(error.at) >= first) ++statistics.errors_by_category[error.category];
  }
  return statistics;
}

template <class Item>
void PerformanceMonitor::keep(std::deque<Item>& ring, Item item) {
  const std::lock_guard lock{mutex_};
  ring.push_back(std::move(item));
  while (ring.size() > options_.items_max) ring.pop_front();
}

template <class Item>
std::vector<Item> PerformanceMonitor::newest(const std::deque<Item>& ring,
                                             std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, ring.size()));
  return {ring.rbegin(), ring.rbegin() + count};
}

}  // namespace bulkhead::host::monitoring
