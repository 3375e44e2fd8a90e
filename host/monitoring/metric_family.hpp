#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <prometheus/metric_family.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/metric_name.hpp"
#include "monitoring/thread_cells.hpp"

namespace bulkhead::host::monitoring {

/// One set of label values of a family and where its numbers are. Lives as long as the process, so
/// that a handle never dangles.
struct Series {
  std::vector<std::string> values;
  CellIndex first_cell = 0;      ///< counter: one; histogram: its buckets, +Inf, sum
  std::atomic<double> gauge{0};  ///< gauge only
  std::size_t hash = 0;
};

/// Handle of a counter's series: copy it, keep it, use it from any thread. add() costs a few
/// nanoseconds and never waits.
class Counter {
 public:
  explicit Counter(const Series& series) : cell_{series.first_cell} {}
  /// `amount` below 0 or NaN is ignored: counters never go back.
  void add(double amount = 1) const {
    if (amount >= 0) [[likely]]
      ThreadCells::add(cell_, amount);
  }

 private:
  CellIndex cell_;
};

/// Handle of a gauge's series. One atomic: for figures that are set now and then.
class Gauge {
 public:
  explicit Gauge(Series& series) : series_{&series} {}
  void set(double value) const { series_->gauge.store(value, std::memory_order_relaxed); }
  void add(double amount) const {
    double seen = series_->gauge.load(std::memory_order_relaxed);
    while (!series_->gauge.compare_exchange_weak(seen, seen + amount, std::memory_order_relaxed)) {
    }
  }

 private:
  Series* series_;
};

/// Handle of a histogram's series.
class Histogram {
 public:
  Histogram(const Series& series, std::span<const double> bounds)
      : bounds_{bounds}, cell_{series.first_cell} {}
  /// NaN is ignored.
  void observe(double value) const;

 private:
  std::span<const double> bounds_;
  CellIndex cell_;
};

/// A metric with its series. Label values are looked up without a lock; above kSeriesMax all new
/// ones are counted in one series whose values are `__overflow__`. Thread-safe.
class MetricFamily {
 public:
  static constexpr std::size_t kSeriesMax = 2000;
  static constexpr std::string_view kOverflow = "__overflow__";

  MetricFamily(MetricKind kind, MetricSpec spec);
  MetricFamily(const MetricFamily&) = delete;
  MetricFamily& operator=(const MetricFamily&) = delete;
  ~MetricFamily();

  /// As many values as there are labels, else Error (app, METRIC_LABELS). The series is there from
  /// then on, a counter at 0.
  Counter counter(std::span<const std::string_view> values) { return Counter{at(values)}; }
  Counter counter(std::initializer_list<std::string_view> values = {}) {
    return Counter{at({values.begin(), values.size()})};
  }
  Gauge gauge(std::span<const std::string_view> values) { return Gauge{at(values)}; }
  Gauge gauge(std::initializer_list<std::string_view> values = {}) {
    return Gauge{at({values.begin(), values.size()})};
  }
  Histogram histogram(std::span<const std::string_view> values) {
    return Histogram{at(values), spec_.buckets};
  }
  Histogram histogram(std::initializer_list<std::string_view> values = {}) {
    return Histogram{at({values.begin(), values.size()}), spec_.buckets};
  }

  MetricKind kind() const { return kind_; }
  const MetricSpec& spec() const { return spec_; }
  /// Look-ups that ended in the overflow series.
  std::uint64_t overflows() const { return overflows_.load(std::memory_order_relaxed); }
  bool isWithdrawn() const { return withdrawn_.load(std::memory_order_relaxed); }
  /// A withdrawn family is not shown. Its handles stay valid, and its numbers go on when it is
  /// registered again.
  void setWithdrawn(bool withdrawn) { withdrawn_.store(withdrawn, std::memory_order_relaxed); }

  prometheus::MetricFamily collect() const;

 private:
  /// Open addressing over series that are never removed; a full table is followed by a larger one.
  struct Table {
    explicit Table(std::size_t size) : slots(size) {}
    std::vector<std::atomic<Series*>> slots;
  };

  Series& at(std::span<const std::string_view> values);
  Series& add(std::span<const std::string_view> values, std::size_t hash);
  Series& overflow();
  Series& insert(std::vector<std::string> values, std::size_t hash);
  static Series* find(const Table& table, std::span<const std::string_view> values,
                      std::size_t hash);
  static void place(Table& table, Series& series);
  prometheus::ClientMetric collect(const Series& series) const;

  const MetricKind kind_;
  const MetricSpec spec_;
  std::atomic<bool> withdrawn_{false};
  std::atomic<std::uint64_t> overflows_{0};
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Series>> series_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::atomic<Table*> table_;
  std::atomic<Series*> overflow_{nullptr};
};

}  // namespace bulkhead::host::monitoring
