#pragma once

#include <chrono>
#include <string>

namespace bulkhead::host::health {

/// "1d 1h 1m": leading zero units dropped, but always hours and minutes (C9).
std::string uptimeText(std::chrono::milliseconds uptime);

}  // namespace bulkhead::host::health
