#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bulkhead::host {

/// How often one client may ask; 0: as often as it likes.
struct RateLimit {
  std::int64_t per_minute = 0;
  std::int64_t per_hour = 0;

  bool isOff() const noexcept { return per_minute == 0 && per_hour == 0; }
};

/// One window of a client's limit after a request.
struct QuotaWindow {
  std::int64_t limit = 0;      ///< 0: there is no such window
  std::int64_t remaining = 0;  ///< requests that could follow at once
  std::int64_t reset_us = 0;   ///< until all of it is there again
  std::int64_t retry_us = 0;   ///< until the next one is taken; 0: this window refused nothing
};

/// What became of a request at the limits of its client.
struct RateQuota {
  // The places of the windows, and how many there are.
  static constexpr std::size_t kMinute = 0;
  static constexpr std::size_t kHour = 1;
  static constexpr std::size_t kPluginMinute = 2;
  static constexpr std::size_t kPluginHour = 3;
  static constexpr std::size_t kWindows = 4;

  std::array<QuotaWindow, kWindows> windows{};
  bool decided = false;  ///< false: no limit was asked
  bool allowed = true;
};

}  // namespace bulkhead::host
