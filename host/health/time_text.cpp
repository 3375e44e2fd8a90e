#include "health/time_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bulkhead::host::health {

std::string timestampText(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (milliseconds - seconds).count());
}

std::string uptimeText(std::chrono::milliseconds uptime) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(uptime).count();
  const auto days = minutes / (24 * 60);
  const auto hours = minutes / 60 % 24;
  if (days > 0) return fmt::format("{}d {}h {}m", days, hours, minutes % 60);
  return fmt::format("{}h {}m", hours, minutes % 60);
}

}  // namespace bulkhead::host::health
