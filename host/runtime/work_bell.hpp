#pragma once

#include <string_view>

namespace bulkhead::host {

/// Told by homes that a transaction with events or messages has committed, so that somebody sees to
/// them. Nothing is lost when it does not ring: the stores are looked at now and then.
class WorkBell {
 public:
  WorkBell() = default;
  virtual ~WorkBell() = default;
  WorkBell(const WorkBell&) = delete;
  WorkBell& operator=(const WorkBell&) = delete;

  /// From any thread; never waits.
  virtual void ring(std::string_view plugin) noexcept = 0;
};

}  // namespace bulkhead::host
