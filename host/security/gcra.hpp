#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/rate_quota.hpp"

namespace bulkhead::host {

/// One window of a limit as the generic cell rate algorithm counts it: `burst` requests at once,
/// and one more every `interval_us`. All of it is in whole microseconds, so that Redis, which
/// reckons in doubles, comes to the same to the last one.
struct GcraWindow {
  std::int64_t burst = 0;  ///< 0: no limit
  std::int64_t interval_us = 0;

  /// `count` in each period. The interval is rounded up: never more than `count`.
  static constexpr GcraWindow of(std::int64_t count, std::int64_t period_us) noexcept {
    if (count <= 0) return {};
    return {count, (period_us + count - 1) / count};
  }
  /// The share of one of so many that each count for themselves, at least one request.
  constexpr GcraWindow sharedBy(std::int64_t count) const noexcept {
    if (isOff() || count <= 1) return *this;
    const std::int64_t share = std::max<std::int64_t>(1, burst / count);
    return {share, (burst * interval_us + share - 1) / share};
  }
  constexpr bool isOff() const noexcept { return burst == 0; }
  constexpr std::int64_t tolerance() const noexcept { return burst * interval_us; }
};

constexpr GcraWindow minuteWindow(const RateLimit& limit) noexcept {
  return GcraWindow::of(limit.per_minute, 60'000'000);
}
constexpr GcraWindow hourWindow(const RateLimit& limit) noexcept {
  return GcraWindow::of(limit.per_hour, 3'600'000'000);
}

/// One request at one window. What is remembered of a client is the theoretical arrival time of
/// its next request, `tat_us`; a client that is not remembered has one in the past.
class GcraStep {
 public:
  /// A `tat_us` that the window could never have led to, as when a clock was set back or a limit
  /// was made smaller, is that of a client that has used all of it.
  constexpr GcraStep(const GcraWindow& window, std::int64_t tat_us, std::int64_t now_us) noexcept
      : window_{window},
        now_us_{now_us},
        tat_us_{std::clamp(tat_us, now_us, now_us + window.tolerance())} {}

  constexpr bool isAllowed() const noexcept { return now_us_ >= allowedAt(); }
  /// What to remember when it is not.
  constexpr std::int64_t current() const noexcept { return tat_us_; }
  /// What to remember when the request is taken.
  constexpr std::int64_t next() const noexcept { return tat_us_ + window_.interval_us; }
  /// The window for whoever asked, whose request was taken or not.
  constexpr QuotaWindow quota(bool taken) const noexcept {
    if (window_.isOff()) return {};
    const std::int64_t reset_us = (taken ? next() : tat_us_) - now_us_;
    return {window_.burst, (window_.tolerance() - reset_us) / window_.interval_us, reset_us,
            isAllowed() ? 0 : allowedAt() - now_us_};
  }

 private:
  constexpr std::int64_t allowedAt() const noexcept { return next() - window_.tolerance(); }

  GcraWindow window_;
  std::int64_t now_us_;
  std::int64_t tat_us_;
};

}  // namespace bulkhead::host
