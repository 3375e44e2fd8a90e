#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>

/// Days as "YYYY-MM-DD", which sort as they are, and moments as seconds since 1970.
namespace accounting {

/// Whether it is a day of the calendar in the years 1900..9999.
bool isDate(std::string_view text);
/// Throws VALIDATION_ERROR that names `field` unless it is.
void requireDate(std::string_view field, std::string_view text);

/// 2026 of "2026-01-06".
int yearOf(std::string_view date);

/// The day of `seconds`, in UTC.
std::string dateOf(std::int64_t seconds);
/// "2026-01-06T14:00:00Z".
std::string formatInstant(std::int64_t seconds);
/// The seconds of such a text.
std::optional<std::int64_t> parseInstant(std::string_view text);

inline std::int64_t nowSeconds(const bulkhead::Host& host) {
  return std::chrono::floor<std::chrono::seconds>(host.now()).time_since_epoch().count();
}

}  // namespace accounting
