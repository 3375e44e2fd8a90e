#pragma once

#include <cstdint>
#include <string>

namespace bulkhead::host {

/// A new ULID: 26 characters of Crockford's base 32, 48 bits of milliseconds and 80 random ones, so
/// that ids sort by time. Any thread.
std::string makeUlid();

/// The same with a given time, in milliseconds since 1970.
std::string makeUlid(std::int64_t unix_ms);

}  // namespace bulkhead::host
