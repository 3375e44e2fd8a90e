#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/error_classification.hpp"
#include "monitoring/performance_window.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host::monitoring {

using WallTime = std::chrono::system_clock::time_point;

struct SlowQuery {
  WallTime at;
  std::string owner;      ///< whose store
  std::string statement;  ///< the SQL text with its placeholders, never with values
  std::chrono::microseconds duration{};
};

/// A call that was answered.
struct ApiCall {
  std::string_view plugin;  ///< empty: the host's own
  std::string_view method;
  std::string_view route;  ///< template
  int status = 0;
  std::chrono::microseconds duration{};
  std::string_view request_id;
};

struct SlowApi {
  WallTime at;
  std::string method;
  std::string route;  ///< template
  int status = 0;
  std::chrono::microseconds duration{};
  std::string request_id;
};

struct TrackedError {
  WallTime at;
  std::string code;
  std::string message;
  std::string category;
  Severity severity = Severity::Low;
  std::string method;
  std::string route;
  int status = 0;
  std::string request_id;
};

struct PerformanceOptions {
  std::chrono::milliseconds slow_query{1000};  ///< SLOW_QUERY_MS; slower than this, strictly (S52)
  std::chrono::milliseconds slow_api{2000};    ///< SLOW_API_MS (S53, C7)
  std::size_t items_max = 1000;                ///< per type (S56)
  std::function<WallTime()> now = SystemClock::now;
};

/// Slower than this, strictly; both may change while the host runs.
struct SlowThresholds {
  std::chrono::milliseconds query{1000};
  std::chrono::milliseconds api{2000};
};

/// The figures of a window of minutes.
struct PerformanceStatistics {
  std::int64_t window_minutes = 60;
  DurationCounts queries;
  DurationCounts apis;
  std::uint64_t errors = 0;
  std::map<std::string, std::uint64_t> errors_by_category;  ///< of the errors still kept

  double slowQueryPercent() const { return queries.percentOf(queries.slow()); }
  /// Share of calls that ended in a fault of ours (5xx).
  double errorRatePercent() const { return apis.percentOf(apis.failed()); }
  /// Share of calls that ended in any error (4xx and 5xx).
  double apiErrorRatePercent() const { return apis.percentOf(apis.failed() + apis.refused()); }
};

/// Watches every query and every API call (S52..S57, S74, S78): keeps the last slow ones and
/// errors, and statistics per minute for a day. Thread-safe; recording a fast one costs a hardly
/// contended lock.
class PerformanceMonitor {
 public:
  static constexpr std::int64_t kPluginMinutes = 5;

  explicit PerformanceMonitor(PerformanceOptions options = {});

  void recordQuery(std::string_view owner, std::string_view statement,
                   std::chrono::microseconds duration, bool failed);
  void recordApi(const ApiCall& call);
  /// S48. `category` and `severity` come from classify() when `category` is empty; `at` is set
  /// here.
  void recordError(TrackedError error);

  /// Newest first, at most `limit`.
  std::vector<SlowQuery> slowQueries(std::size_t limit) const;
  std::vector<SlowApi> slowApis(std::size_t limit) const;
  std::vector<TrackedError> errors(std::size_t limit) const;
  /// `window_minutes` 1..PerformanceWindow::kMinutesMax.
  PerformanceStatistics statistics(std::int64_t window_minutes) const;
  /// The calls of one plugin in the last kPluginMinutes.
  DurationCounts ofPlugin(std::string_view plugin) const;

  /// For what is recorded from now on. Any thread.
  void setThresholds(SlowThresholds thresholds) noexcept;
  SlowThresholds thresholds() const noexcept;
  const PerformanceOptions& options() const { return options_; }

 private:
  PerformanceWindow& windowOf(std::string_view plugin);
  template <class Item>
  void keep(std::deque<Item>& ring, Item item);
  template <class Item>
  std::vector<Item> newest(const std::deque<Item>& ring, std::size_t limit) const;

  const PerformanceOptions options_;
  std::atomic<std::int64_t> slow_query_ms_;
  std::atomic<std::int64_t> slow_api_ms_;
  PerformanceWindow queries_;
  PerformanceWindow apis_;
  mutable std::shared_mutex plugins_mutex_;
  std::map<std::string, PerformanceWindow, std::less<>> plugins_;  // none is ever taken out
  mutable std::mutex mutex_;
  std::deque<SlowQuery> slow_queries_;
  std::deque<SlowApi> slow_apis_;
  std::deque<TrackedError> errors_;
  std::map<std::int64_t, std::uint64_t> errors_per_minute_;
};

}  // namespace bulkhead::host::monitoring
