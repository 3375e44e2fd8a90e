#include "health/time_text.hpp"

#include <fmt/format.h>

namespace bulkhead::host::health {

std::string uptimeText(std::chrono::milliseconds uptime) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(uptime).count();
  const auto days = minutes / (24 * 60);
  const auto hours = minutes / 60 % 24;
  if (days > 0) return fmt::format("{}d {}h {}m", days, hours, minutes % 60);
  return fmt::format("{}h {}m", hours, minutes % 60);
}

}  // namespace bulkhead::host::health
