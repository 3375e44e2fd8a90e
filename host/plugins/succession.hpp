#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/circuit_breaker.hpp"
#include "plugins/home.hpp"
#include "plugins/plugin_state.hpp"

namespace bulkhead::host {

/// Between two generations that cannot work on one store: what is done while neither of them runs.
struct Interlude {
  /// Keeps a copy of the store. Throws Error: then the old generation comes back.
  std::function<void()> keep;
  std::function<std::shared_ptr<Home>()> next;  ///< the home of the next one; throws Error
  /// Makes the store what it was when keep() returned. Throws Error.
  std::function<void()> put_back;
  std::function<std::shared_ptr<Home>()> previous;  ///< another home of the old one; throws Error
  std::function<void()> resumed;                    ///< right after that runs
};

/// What takes the place of a plugin's running generation, and how.
struct SuccessionOrder {
  std::shared_ptr<Home> home;  ///< null when there is an interlude, which makes it
  std::string version{};
  std::string service{};  ///< as PluginStatus has them
  std::string file{};
  PluginCapabilities capabilities{};
  bool required = false;
  bool worker = false;
  bool recycles = false;                       ///< the old one held too much memory
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
  /// The old generation ends before the next one starts, and calls wait meanwhile. When one of its
  /// calls does not end within `patience`, it goes on. Nothing: they run side by side.
  std::optional<Interlude> interlude{};
};

/// What truly happened.
struct SuccessionReport {
  bool succeeded = false;
  PluginState refused_as = PluginState::Failed;  ///< unless it succeeded
  std::string problem{};                         ///< a sentence; likewise
  std::string version_before{};                  ///< empty: none ran
  std::uint64_t generation_before = 0;           ///< 0: none ran
  std::uint64_t generation = 0;                  ///< that runs now; 0: none
  std::size_t drained = 0;    ///< calls that the old generation ended by itself after the swap
  std::size_t aborted = 0;    ///< those that it had begun when the patience was over
  std::size_t passed_on = 0;  ///< those that it had not: they are the next one's
  bool left_behind = false;   ///< the old one could not be stopped
  bool lost = false;          ///< it was paused, and could not come back
  std::chrono::milliseconds started_in{0};
  std::chrono::milliseconds drained_in{0};
  std::chrono::milliseconds paused_for{0};  ///< calls waited; 0: they did not
};

}  // namespace bulkhead::host
