#include "logging/level.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::host {
namespace {

constexpr std::array<std::string_view, 5> kNames{"DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
constexpr std::array<std::string_view, 5> kSeverities{"DEBUG", "INFO", "WARNING", "ERROR",
                                                      "CRITICAL"};

bool equalsUpperCase(std::string_view text, std::string_view upper) {
  return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

}  // namespace

std::string_view levelName(Level level) {
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view severityWord(Level level) {
  return kSeverities[static_cast<std::size_t>(level)];
}

std::optional<Level> findLevel(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (equalsUpperCase(name, kNames[i]) || equalsUpperCase(name, kSeverities[i])) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

}  // namespace bulkhead::host
