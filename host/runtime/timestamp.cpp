#include "runtime/timestamp.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bulkhead::host {

std::string timestampText(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (milliseconds - seconds).count());
}

std::string timestampText(std::int64_t unix_us) {
  return timestampText(std::chrono::system_clock::time_point{std::chrono::microseconds{unix_us}});
}

}  // namespace bulkhead::host
