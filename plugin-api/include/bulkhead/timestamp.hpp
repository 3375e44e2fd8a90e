#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

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

namespace detail {

/// The number that stands there, in exactly so many digits.
inline std::optional<int> digitsAt(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace detail

/// Reads a moment as RFC 2822 writes it, with a zone in digits: "Mon, 16 Aug 2010 03:45:01 +0000".
/// The name of the day may be missing. Nothing for what is none.
inline std::optional<std::chrono::seconds> fromRfc2822(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (const auto comma = text.find(", "); comma != std::string_view::npos)
    text.remove_prefix(comma + 2);
  const std::size_t day_digits = text.size() > 1 && text[1] == ' ' ? 1 : 2;
  const auto day = detail::digitsAt(text, 0, day_digits);
  if (!day) return std::nullopt;
  text.remove_prefix(day_digits);
  constexpr std::string_view kShape = " Mon 2010 03:45:01 +0000";
  if (text.size() != kShape.size()) return std::nullopt;
  for (const std::size_t at : {0U, 4U, 9U, 12U, 15U, 18U}) {
    if (text[at] != kShape[at]) return std::nullopt;
  }
  const auto month = kMonths.find(text.substr(1, 3));
  const auto year = detail::digitsAt(text, 5, 4);
  const auto hour = detail::digitsAt(text, 10, 2);
  const auto minute = detail::digitsAt(text, 13, 2);
  const auto second = detail::digitsAt(text, 16, 2);
  const auto zone = detail::digitsAt(text, 20, 4);
  const bool is_west = text[19] == '-';
  if (month == std::string_view::npos || month % 3 != 0 || !year || !hour || !minute || !second ||
      !zone || (!is_west && text[19] != '+') || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::chrono::minutes east{(*zone / 100 * 60 + *zone % 100) * (is_west ? -1 : 1)};
  return std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
         std::chrono::minutes{*minute} + std::chrono::seconds{*second} - east;
}

}  // namespace bulkhead
