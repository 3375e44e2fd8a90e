#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// "2024-01-01T12:00:00.000Z": RFC 3339 in UTC, cut to the millisecond, as every
/// body of ours tells a time (S11). Any thread.
std::string timestampText(std::chrono::system_clock::time_point time);

/// The same; valid until this thread asks again.
std::string_view timestampView(std::chrono::system_clock::time_point time);

/// The same for microseconds since 1970, as stores and Clock count.
std::string timestampText(std::int64_t unix_us);

}  // namespace bulkhead::host
