#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/host.hpp>
#include <bulkhead/request.hpp>

#include "date.hpp"

/// Days and moments in queries.
namespace accounting {

/// Throws VALIDATION_ERROR for what is there and no day.
inline std::optional<std::string_view> dayIn(const bulkhead::Request& request,
                                             std::string_view name) {
  const auto day = request.query(name);
  if (day) requireDate(name, *day);
  return day;
}

/// The parameter `updated_since`. Throws VALIDATION_ERROR.
inline std::optional<std::int64_t> updatedSince(const bulkhead::Request& request) {
  const auto said = request.query("updated_since");
  if (!said) return std::nullopt;
  const auto seconds = parseInstant(*said);
  if (seconds) return seconds;
  throw bulkhead::Error::validation(
      "VALIDATION_ERROR",
      "updated_since has to be a moment in UTC such as \"2026-01-06T14:00:00Z\".");
}

/// The parameter `as_of`, today without it. Throws VALIDATION_ERROR.
inline std::string dayAsked(const bulkhead::Request& request, const bulkhead::Host& host) {
  const auto asked = dayIn(request, "as_of");
  return asked ? std::string{*asked} : dateOf(nowSeconds(host));
}

}  // namespace accounting
