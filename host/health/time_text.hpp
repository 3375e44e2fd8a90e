#pragma once

#include <chrono>
#include <string>

namespace bulkhead::host::health {

/// "2024-01-01T12:00:00.000Z" (S11).
std::string timestampText(std::chrono::system_clock::time_point time);

/// "1d 1h 1m": leading zero units dropped, but always hours and minutes (C9).
std::string uptimeText(std::chrono::milliseconds uptime);

}  // namespace bulkhead::host::health
