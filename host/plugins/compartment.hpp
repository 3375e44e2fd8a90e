#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/plugin_state.hpp"
#include "runtime/lane.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// What operators see of a plugin.
struct PluginStatus {
  std::string id;
  std::string version;  ///< empty while no manifest was read
  std::string service;  ///< name in /health's `services`; empty when it is not an outside service
  std::string file;
  PluginState state = PluginState::Discovered;
  std::string reason;  ///< a sentence; empty while it is open
  bool required = false;
  std::int64_t since_us = 0;  ///< wall clock of the last change of state
  LaneState lane;
  LaneState streams;  ///< of calls that stream, which have a lane of their own
};

/// One plugin's part of the ship: its state, its lane and, while it is open, its home. What happens
/// in it closes it and nothing else. Thread-safe.
class Compartment {
 public:
  struct Options {
    std::string id;
    bool required = false;
    LaneLimits lane;
    std::size_t streams = 16;  ///< calls of routes that stream, at once
    std::chrono::milliseconds start_timeout{10'000};
    std::chrono::milliseconds deadline{30'000};  ///< longest time for one request of any route
  };

  explicit Compartment(Options options);
  ~Compartment();
  Compartment(const Compartment&) = delete;
  Compartment& operator=(const Compartment&) = delete;

  void describe(std::string version, std::string service, std::string file);
  /// Moves to a closed state, or on to the next open one; the reason is what operators read.
  void enter(PluginState state, std::string reason = {});
  /// Creates the plugin, which registers. `keep_alive` (its library, its store) is released after
  /// the home. What the plugin throws, or not returning within start_timeout, closes it (Refused or
  /// Failed). False then.
  bool create(std::unique_ptr<PluginHome> home, std::shared_ptr<void> keep_alive);
  /// Makes create() and start() return soon, as if their time had run out. Any thread.
  void giveUp() noexcept { given_up_ = true; }
  /// Starts the created plugin; true when it runs.
  bool start();
  /// Hands a task to the plugin's lane: false when it is closed, full or hung.
  bool submit(std::function<void(PluginHome&, bool expired)> task, Lane::Time deadline);
  /// The same for the call of a route that streams, which may last: it takes no thread of the
  /// others, and never waits for one. False when as many run as may.
  bool submitStreaming(std::function<void(PluginHome&)> task);
  /// Refuses new work, waits for what runs and for who holds home(), stops and destroys the plugin;
  /// a plugin with calls that do not return is abandoned, and its library stays loaded. True when
  /// it ended cleanly.
  bool close(std::chrono::milliseconds patience);

  /// The home while the plugin is created, else null. close() waits for it to be let go.
  std::shared_ptr<PluginHome> home() const;
  const std::string& id() const { return options_.id; }
  std::chrono::milliseconds deadline() const { return std::chrono::milliseconds{deadline_ms_}; }
  /// Other limits for what comes from now on; what runs keeps its deadline.
  void setLimits(LaneLimits lane, std::size_t streams, std::chrono::milliseconds deadline,
                 bool required);
  PluginStatus status() const;
  bool isRunning() const;

 private:
  struct Life;  // home and what it stands on, shared with the threads that are inside

  bool awaitEnd(const std::future<void>& finished) const;
  static bool stopBounded(const std::shared_ptr<Life>& life,
                          std::chrono::steady_clock::time_point until);
  bool runBounded(const std::string& step, const std::function<void(PluginHome&)>& work);
  void enterLocked(PluginState state, std::string reason);

  const Options options_;
  std::atomic<std::int64_t> deadline_ms_;
  std::atomic<bool> given_up_{false};
  mutable std::mutex mutex_;
  PluginStatus status_;
  std::shared_ptr<Life> life_;
  std::unique_ptr<Lane> lane_;
  std::unique_ptr<Lane> streams_;
};

}  // namespace bulkhead::host
