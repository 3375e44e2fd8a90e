#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plugins/compartment.hpp"

namespace bulkhead::host {

/// How long calls that were routed or handed over just before a generation's end may still come.
inline constexpr std::chrono::milliseconds kCallsLinger{50};

inline std::chrono::milliseconds elapsedSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin);
}

/// One generation of a plugin in its compartment: its home, shared with the threads that are
/// inside, and the routes that lead to it.
struct Compartment::Life {
  using Routes = std::vector<std::shared_ptr<const RegisteredRoute>>;

  explicit Life(std::shared_ptr<Home> given) : home{std::move(given)} {}

  const std::shared_ptr<Home> home;
  std::atomic<bool> stands_still{false};  ///< a step of it did not return; a thread is inside

  /// Once, when it is created and before anyone else sees it: what it registered is its own. When
  /// that is what the one before it had, `known` are, too: calls go on to carry them.
  void learnRoutes(const Routes& known = {});
  const Routes& routes() const { return routes_; }
  bool owns(const RegisteredRoute& route) const { return own_.contains(&route); }
  /// Its own route of the same method, path and contract; null when it has none.
  std::shared_ptr<const RegisteredRoute> counterpart(const RegisteredRoute& route) const;

  /// That are in its home, begun or not.
  std::size_t calls() const {
    const HomeLoad load = home->load();
    return load.running() + load.queued();
  }

  void enter() {
    const std::lock_guard lock{mutex_};
    ++visitors_;
  }
  void leave() {
    const std::lock_guard lock{mutex_};
    if (--visitors_ == 0) alone_.notify_all();
  }
  /// True when nobody that came by home() is left.
  bool awaitAlone(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{mutex_};
    return alone_.wait_until(lock, until, [&] { return visitors_ == 0; });
  }

 private:
  Routes routes_;
  std::unordered_set<const RegisteredRoute*> own_;
  std::mutex mutex_;
  std::condition_variable alone_;
  std::size_t visitors_ = 0;
};

}  // namespace bulkhead::host
