#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/answer_watcher.hpp"

namespace bulkhead::host {

struct CircuitLimits {
  std::size_t failures = 20;               ///< in a row, which open it; 0: it never opens
  std::chrono::milliseconds pause{5'000};  ///< open for so long; twice as long after each trial
                                           ///< that failed, at most a minute
};

enum class CircuitState { Closed, HalfOpen, Open };

/// "closed", "half_open", "open".
constexpr const char* nameOf(CircuitState state) noexcept {
  constexpr const char* kNames[] = {"closed", "half_open", "open"};
  return kNames[static_cast<std::size_t>(state)];
}

struct CircuitStatus {
  CircuitState state = CircuitState::Closed;
  std::uint64_t opens = 0;            ///< how often it has opened
  std::size_t permits = 0;            ///< that were given and have not come back
  std::string last_failure{};         ///< of those that opened it: a code
  std::size_t failures = 0;           ///< likewise, how many in a row
  std::chrono::milliseconds wait{0};  ///< until the next trial, while it is open
};

/// Keeps calls away from a plugin that fails all of them, so that their clients are told at once.
/// It opens after a run of failures that are the plugin's own: it has died of the call, overran its
/// deadline, or threw. Then a few are let through, and decide. Thread-safe.
///
/// A permit is an object that goes with its call and comes back when that is answered, refused or
/// dropped, whoever does it: it cannot be forgotten. One of a state that has passed changes nothing
/// when it comes back; a trial that does not come back for 10 s gives its place to another one.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Told of each change of state, by the thread whose call made it; permits are not counted for
  /// it.
  using Changed = std::function<void(const CircuitStatus&)>;

  CircuitBreaker(CircuitLimits limits, Changed changed);

  /// A permit; null while it is open, or as many are being tried as may.
  std::unique_ptr<AnswerWatcher> enter(Time now);
  /// At this moment: the clock is asked only while it is not closed.
  std::unique_ptr<AnswerWatcher> enter();
  void setLimits(CircuitLimits limits);
  /// Closes it and forgets what was: somebody has put other code there.
  void reset();
  CircuitStatus status(Time now) const;

 private:
  struct Shared;
  class Permit;
  std::shared_ptr<Shared> shared_;  ///< with the permits, which may come back later than it lives
};

}  // namespace bulkhead::host
