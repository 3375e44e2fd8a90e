#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/contract.hpp"

namespace bulkhead::host {

/// What one plugin registers at most.
inline constexpr std::size_t kRoutesMax = 1000;
inline constexpr std::size_t kContributorsMax = 32;
inline constexpr std::size_t kMetricsMax = 200;

struct RegisteredRoute {
  std::uint32_t number = 0;  ///< the plugin's own
  std::string path;          ///< full template: /api/<plugin>/v1/...
  RouteContract contract;
};

struct RegisteredContributor {
  std::uint32_t number = 0;
  std::string name;
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds timeout{1'000};
};

}  // namespace bulkhead::host
