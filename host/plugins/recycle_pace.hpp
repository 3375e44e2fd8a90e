#pragma once

#include <chrono>
#include <optional>

namespace bulkhead::host {

/// How often a worker that holds more than its soft limit of memory is replaced by another
/// generation: at once the first time, and where that one soon holds as much, after 1, 2, 4 ...
/// 60 min, so that a plugin that needs more than its limit is not replaced for ever. One thread.
class RecyclePace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Verdict {
    Within,   ///< it holds less
    Recycle,  ///< its next generation is due
    Wait,     ///< not yet: the last one did not help
  };

  Verdict look(Time now, bool above) const;
  /// Its next generation is on its way.
  void recycled(Time now);
  /// How long until the next generation is due.
  std::chrono::milliseconds wait(Time now) const;

 private:
  std::optional<Time> last_;
  std::chrono::milliseconds pause_{0};
};

}  // namespace bulkhead::host
