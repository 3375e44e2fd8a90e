#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "plugins/circuit_breaker.hpp"
#include "plugins/home.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {

/// What takes the place of a plugin's running generation, and how.
struct SuccessionOrder {
  std::shared_ptr<Home> home;
  std::string version{};
  std::string service{};  ///< as PluginStatus has them
  std::string file{};
  bool required = false;
  bool worker = false;
  bool recycles = false;  ///< the old one held too much memory
  std::chrono::milliseconds deadline{30'000};  ///< longest time for one request of any route
  CircuitLimits circuit{};
  /// Throws Error when the started plugin is not well. On a thread that may be left behind.
  std::function<void(Home&)> judge;
  /// Makes its routes known. What it throws changes nothing: the old generation goes on.
  std::function<void(Home&)> publish;
  /// Right after the swap.
  std::function<void()> swapped;
  /// For the calls of the old generation; what runs then is aborted.
  std::chrono::milliseconds patience{30'000};
};

/// What truly happened.
struct SuccessionReport {
  bool succeeded = false;
  PluginState refused_as = PluginState::Failed;  ///< unless it succeeded
  std::string problem{};                         ///< a sentence; likewise
  std::string version_before{};                  ///< empty: none ran
  std::uint64_t generation_before = 0;           ///< 0: none ran
  std::uint64_t generation = 0;                  ///< that runs now; 0: none
  std::size_t drained = 0;   ///< calls that the old generation ended by itself after the swap
  std::size_t aborted = 0;   ///< those that it held when the patience was over
  bool left_behind = false;  ///< the old one could not be stopped
  std::chrono::milliseconds started_in{0};
  std::chrono::milliseconds drained_in{0};
};

}  // namespace bulkhead::host
