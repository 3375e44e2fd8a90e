#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace bulkhead::host::monitoring {

/// Durations of one kind of work, as counts in buckets whose width is an eighth of their power of
/// two: a percentile read from it is at most 6.25 % off.
class DurationCounts {
 public:
  void add(std::chrono::microseconds duration, bool failed, bool refused, bool slow);
  void merge(const DurationCounts& other);

  std::uint64_t total() const { return total_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t slow() const { return slow_; }
  double averageMs() const;
  /// `share` 0..1; 0 when there is nothing.
  double percentileMs(double share) const;
  double percentOf(std::uint64_t part) const;

 private:
  static constexpr std::size_t kBuckets = 8 * 40;
  static std::size_t bucketOf(std::uint64_t microseconds);
  static double middleOf(std::size_t bucket);

  std::uint64_t total_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t slow_ = 0;
  double sum_us_ = 0;
  std::array<std::uint32_t, kBuckets> buckets_{};
};

/// DurationCounts per minute for the last minutes, in bounded memory. Thread-safe:
/// threads write to one of a few parts, each with a lock of its own that is hardly ever contended.
class PerformanceWindow {
 public:
  static constexpr std::int64_t kMinutesMax = 1440;

  /// Keeps the last `minutes`, 1..kMinutesMax.
  explicit PerformanceWindow(std::int64_t minutes = kMinutesMax) : minutes_{minutes} {}

  /// `minute`: minutes on any clock that does not go back.
  void add(std::int64_t minute, std::chrono::microseconds duration, bool failed, bool refused,
           bool slow);
  /// Of the `window` minutes that end with `minute`, the current one included.
  DurationCounts over(std::int64_t minute, std::int64_t window) const;

 private:
  static constexpr std::size_t kParts = 4;
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::map<std::int64_t, std::unique_ptr<DurationCounts>> minutes;
  };
  Part& partOfThread();

  const std::int64_t minutes_;
  std::array<Part, kParts> parts_;
};

}  // namespace bulkhead::host::monitoring
