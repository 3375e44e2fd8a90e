#include "monitoring/performance_window.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

namespace bulkhead::host::monitoring {

void DurationCounts::add(std::chrono::microseconds duration, bool failed, bool refused, bool slow) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  ++total_;
  failed_ += failed ? 1 : 0;
  refused_ += refused ? 1 : 0;
  slow_ += slow ? 1 : 0;
  sum_us_ += static_cast<double>(microseconds);
  ++buckets_[bucketOf(microseconds)];
}

void DurationCounts::merge(const DurationCounts& other) {
  total_ += other.total_;
  failed_ += other.failed_;
  refused_ += other.refused_;
  slow_ += other.slow_;
  sum_us_ += other.sum_us_;
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
}

double DurationCounts::averageMs() const {
  return total_ == 0 ? 0 : sum_us_ / static_cast<double>(total_) / 1000;
}

double DurationCounts::percentileMs(double share) const {
  if (total_ == 0) return 0;
  const double rank = std::max(1.0, std::ceil(share * static_cast<double>(total_)));
  double seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return middleOf(i) / 1000;
  }
  return middleOf(kBuckets - 1) / 1000;
}

double DurationCounts::percentOf(std::uint64_t part) const {
  return total_ == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(total_);
}

std::size_t DurationCounts::bucketOf(std::uint64_t microseconds) {
  if (microseconds < 8) return static_cast<std::size_t>(microseconds);
  const auto power = static_cast<unsigned>(std::bit_width(microseconds)) - 4;
  const std::size_t bucket = 8 * (power + 1) + ((microseconds >> power) & 7U);
  return std::min(bucket, kBuckets - 1);
}

double DurationCounts::middleOf(std::size_t bucket) {
  if (bucket < 16) return static_cast<double>(bucket);
  const int power = static_cast<int>(bucket / 8) - 1;
  const double first = static_cast<double>(8 + bucket % 8);
  return std::ldexp(first + 0.5, power);
}

void PerformanceWindow::add(std::int64_t minute, std::chrono::microseconds duration, bool failed,
                            bool refused, bool slow) {
  Part& part = partOfThread();
  const std::lock_guard lock{part.mutex};
  if (part.minutes.empty() || part.minutes.rbegin()->first < minute) {
    part.minutes.emplace(minute, std::make_unique<DurationCounts>());
    part.minutes.erase(part.minutes.begin(), part.minutes.lower_bound(minute - minutes_ + 1));
  }
  part.minutes.rbegin()->second->add(duration, failed, refused, slow);
}

DurationCounts PerformanceWindow::over(std::int64_t minute, std::int64_t window) const {
  DurationCounts sum;
  for (const auto& part : parts_) {
    const std::lock_guard lock{part.mutex};
    const auto begin = part.minutes.lower_bound(minute - window + 1);
    for (auto each = begin; each != part.minutes.end(); ++each) sum.merge(*each->second);
  }
  return sum;
}

PerformanceWindow::Part& PerformanceWindow::partOfThread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t kPart = next.fetch_add(1, std::memory_order_relaxed);
  return parts_[kPart % kParts];
}

}  // namespace bulkhead::host::monitoring
