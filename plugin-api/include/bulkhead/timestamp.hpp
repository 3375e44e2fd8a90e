#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>

namespace bulkhead {

/// A moment since 1970-01-01T00:00:00Z as RFC 3339 writes it, in UTC and to the second. Years 0 to
/// 9999; a moment outside is the nearest inside.
inline std::string rfc3339(std::chrono::seconds since_epoch) {
  constexpr std::chrono::seconds kFirst{-62'167'219'200};
  constexpr std::chrono::seconds kLast{253'402'300'799};
  const std::chrono::sys_seconds instant{std::clamp(since_epoch, kFirst, kLast)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{instant - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

}  // namespace bulkhead
