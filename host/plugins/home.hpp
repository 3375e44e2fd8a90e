#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/home_call.hpp"
#include "runtime/lane.hpp"
#include "runtime/plugin_capabilities.hpp"
#include "runtime/registration.hpp"

namespace bulkhead::host {

/// What a home may use at once. What runs keeps the limits that it began with.
struct HomeLimits {
  LaneLimits lane{};
  std::size_t streams = 16;                    ///< calls of routes that stream, at once
  std::chrono::milliseconds deadline{30'000};  ///< longest time for store work outside a request
  /// Of asks and events, of which two are handled at once; no setting changes it.
  LaneLimits asides{.threads = 4, .queue = 256};
  LaneLimits desk{.threads = 1,
                  .queue = 64};  ///< of the host's work on messages and jobs, likewise
  LaneLimits jobs{.threads = 4, .queue = 16};  ///< likewise
};

/// What runs in a home at one moment.
struct HomeLoad {
  LaneState lane;
  LaneState streams;         ///< of calls that stream, which have threads of their own
  LaneState asides;          ///< of asks and events, likewise
  LaneState jobs;            ///< likewise
  std::size_t threads = 0;   ///< that calls which do not stream may have
  bool hung = false;         ///< all of them run past their deadline
  bool asides_hung = false;  ///< likewise, of the threads of asks and events

  std::size_t running() const noexcept {
    return lane.running + streams.running + asides.running + jobs.running;
  }
  std::size_t queued() const noexcept {
    return lane.queued + streams.queued + asides.queued + jobs.queued;
  }
};

struct TableRows {
  std::string table;  ///< by what its rows are: "appointments"
  std::int64_t rows = 0;
};

/// Where a plugin lives, as the host sees it: in this process or in one of its own, and the rest of
/// the host cannot tell which. Life: create() once, start() once, then calls and checks from many
/// threads, then drain(), stop() or abandon(). Errors are Error; whatever the plugin does, only
/// that leaves a home.
class Home {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Home() = default;
  virtual ~Home() = default;
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  /// Creates the plugin, which registers; blocks as long as it does. Throws what it refused.
  virtual void create() = 0;
  /// Migrates its store when it can be reached, and starts it. Throws its Error.
  virtual void start() = 0;
  /// Makes create() and start() return soon, where that can be done. Any thread.
  virtual void interrupt() noexcept {}
  /// Keeps it from its store for ever, for one that stands still in create() or start(): nobody
  /// else has that store any more. Any thread.
  virtual void fenceStore() noexcept {}
  /// It takes no more calls soon: jobs that run are told to end. Never waits. Any thread.
  virtual void endJobs() noexcept {}
  /// Jobs that run in spite of that are not its own any more; others may do them.
  virtual void releaseJobs() noexcept {}
  /// Takes no more calls and waits until none is inside; false when `until` came first.
  virtual bool drain(Time until) = 0;
  /// Of a home that takes no more calls: those that it has and has not begun are the caller's
  /// again. None where they come back by another way, as out of a process that is ended.
  virtual std::vector<std::shared_ptr<HomeCall>> takeWaiting() { return {}; }
  /// Stops and destroys the plugin. Nobody is inside any more.
  virtual void stop() noexcept = 0;
  /// For a plugin with calls that never return: nobody enters it from now on. False when those
  /// calls still stand on this object, which then must never be destroyed.
  virtual bool abandon() noexcept = 0;

  /// Hands a call over; false when there are as many as there may be, or none can be taken. Never
  /// waits: it may be called on an event loop. The answer comes through the call, from any thread.
  virtual bool submit(const std::shared_ptr<HomeCall>& call) = 0;
  /// The contributor's JSON object; blocks until `deadline` at most. Throws the plugin's Error.
  virtual std::string checkHealth(const RegisteredContributor& contributor, Time deadline) = 0;
  virtual void setLimits(const HomeLimits& limits) = 0;
  virtual HomeLoad load() const = 0;
  /// Of the process that is its alone, as it was a moment ago; nothing when it has none.
  virtual std::optional<std::uint64_t> memoryBytes() const { return std::nullopt; }
  /// False once it has ended without being asked to: what it did not take, the next one may.
  virtual bool isAlive() const noexcept { return true; }

  /// What create() registered; complete and unchanged after it.
  virtual const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const = 0;
  virtual const std::vector<RegisteredContributor>& contributors() const = 0;
  /// What its manifest says of them.
  virtual const PluginCapabilities& capabilities() const {
    static const PluginCapabilities kNone;
    return kNone;
  }

  /// The plugin's store, which nobody opens but its home. Without one these say nothing.
  virtual bool hasStore() const = 0;
  /// True when its database answers; false for any other reason, too.
  virtual bool pingStore(Time deadline) = 0;
  /// See SqliteStore::shareLease. Throws Error.
  virtual void shareLease(bool shared, Time deadline) = 0;
  /// The rows of each of its tables; none when it does not answer by `deadline`.
  virtual std::vector<TableRows> countRows(Time deadline) = 0;
};

}  // namespace bulkhead::host
