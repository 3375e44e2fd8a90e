#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "capabilities/desk_answers.hpp"
#include "runtime/inbox.hpp"

/// Members of what a desk has said, each within its bounds; all of them throw DeskAnswerError.
namespace bulkhead::host::desk_answers::reading {

using Json = nlohmann::json;

inline constexpr std::size_t kTextBytesMax = 4096;
inline constexpr std::size_t kListedMax = 1000;
inline constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
/// What is planned for later is looked at anew by then.
inline constexpr std::chrono::milliseconds kNextMin{100};
inline constexpr std::chrono::milliseconds kNextMax{3'600'000};

[[noreturn]] inline void refuse(std::string_view what) {
  throw DeskAnswerError{fmt::format("The answer of its desk has no {} as there is one.", what)};
}

inline const Json& member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (found == object.end()) refuse(name);
  return *found;
}

inline std::int64_t number(const Json& object, const char* name, std::int64_t least) {
  const Json& value = member(object, name);
  if (!value.is_number_integer()) refuse(name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{kNumberMax})
    refuse(name);
  const auto read = value.get<std::int64_t>();
  if (read < least) refuse(name);
  return read;
}

inline std::uint32_t smallNumber(const Json& object, const char* name) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(number(object, name, 0), kMost));
}

inline std::string text(const Json& object, const char* name, std::size_t most = kTextBytesMax) {
  const Json& value = member(object, name);
  if (!value.is_string() || value.get_ref<const std::string&>().size() > most) refuse(name);
  return value.get<std::string>();
}

/// Of the wall clock, from 1970 to 2200.
inline std::int64_t time(const Json& object, const char* name) {
  constexpr std::int64_t kMost = 7'258'118'400'000'000;
  return std::min(number(object, name, 0), kMost);
}

inline const Json& list(const Json& object, const char* name, std::size_t most) {
  const Json& value = member(object, name);
  if (!value.is_array() || value.size() > most) refuse(name);
  return value;
}

/// "TRACE SPAN REQUEST"; anything else is none.
inline std::string trace(const Json& object) {
  std::string read = text(object, "trace");
  const bool visible =
      std::all_of(read.begin(), read.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return visible && read.size() <= inbox::kTextBytesMax ? read : std::string{};
}

/// Of `next_in_us`; nothing is planned without it.
inline std::optional<std::chrono::milliseconds> nextIn(const Json& answer) {
  const std::int64_t next = number(answer, "next_in_us", -1);
  if (next < 0) return std::nullopt;
  const auto most = std::chrono::microseconds{kNextMax}.count();
  const std::chrono::microseconds wait{std::min(next, most)};
  return std::max(kNextMin, std::chrono::ceil<std::chrono::milliseconds>(wait));
}

/// One of the words that there are.
template <class Words>
std::string_view word(const Json& object, const char* name, const Words& words) {
  const std::string told = text(object, name);
  const auto found = std::find(std::begin(words), std::end(words), told);
  if (found == std::end(words)) refuse(name);
  return *found;
}

}  // namespace bulkhead::host::desk_answers::reading
