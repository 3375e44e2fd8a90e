#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugins/circuit_breaker.hpp"
#include "plugins/held_calls.hpp"
#include "plugins/home.hpp"
#include "plugins/plugin_state.hpp"
#include "plugins/succession.hpp"
#include "runtime/rate_quota.hpp"

namespace bulkhead::host {

/// What operators see of a plugin.
struct PluginStatus {
  std::string id;
  std::string version;  ///< empty while no manifest was read
  std::string service;  ///< name in /health's `services`; empty when it is not an outside service
  std::string file;
  PluginState state = PluginState::Discovered;
  std::string reason;      ///< a sentence; empty while it is open and well
  std::string impairment;  ///< a code, while it runs and the reason says what is wrong with it
  bool required = false;
  std::int64_t since_us = 0;          ///< wall clock of the last change of state
  HomeLoad load;                      ///< of its home
  bool worker = false;                ///< it lives in a process of its own
  std::uint64_t generation = 0;       ///< how often it was started, in this process
  std::uint64_t restarts = 0;         ///< how often of those because it had ended by itself
  std::uint64_t recycles = 0;         ///< how often because it held too much memory
  CircuitStatus circuit;              ///< whether calls come to it
  CircuitStatus asides_circuit;       ///< whether asks and events do
  std::size_t parked = 0;             ///< calls that wait for its next generation
  PluginCapabilities capabilities{};  ///< that it provides and wants

  /// Calls that run or wait in it.
  std::size_t active() const { return load.running() + load.queued() + parked; }
  /// Capabilities that others have to do without at this moment.
  std::vector<std::string> lost() const {
    return state == PluginState::Running ? std::vector<std::string>{} : capabilities.provides;
  }
};

/// One plugin's part of the ship: its state and, while it is open, its home. What happens
/// in it closes it and nothing else. Thread-safe.
class Compartment {
 public:
  struct Options {
    std::string id;
    bool required = false;
    bool worker = false;  ///< it lives in processes of its own
    std::chrono::milliseconds start_timeout{10'000};
    std::chrono::milliseconds deadline{30'000};  ///< longest time for one request of any route
    CircuitLimits circuit{};
    RateLimit rate{};  ///< of one client, on its routes
  };

  explicit Compartment(Options options);
  ~Compartment();
  Compartment(const Compartment&) = delete;
  Compartment& operator=(const Compartment&) = delete;

  void describe(std::string version, std::string service, std::string file,
                PluginCapabilities capabilities = {});
  /// Moves to a closed state, or on to the next open one; the reason is what operators read.
  void enter(PluginState state, std::string reason = {});
  /// Creates the plugin, which registers. What it throws, or not returning within start_timeout,
  /// closes it (Refused or Failed). False then.
  bool create(std::shared_ptr<Home> home);
  /// Makes create() and start() return soon, as if their time had run out. Any thread.
  void giveUp() noexcept { given_up_ = true; }
  /// Starts the created plugin; true when it runs.
  bool start();
  /// A home has ended by itself, which this says of it. Until the next one runs, calls wait for
  /// it when `soon`, and are refused otherwise; with `calls` it goes the same way, or as their own
  /// history wants. False when another one runs by now, or none: then only the calls are touched.
  bool lost(const Home* home, PluginState state, std::string reason, bool soon,
            const std::vector<HeldCall>& calls);
  /// Another home in place of the one that was lost: created, started, and given what waited. False
  /// when it is refused or fails, has ended again, registered other routes than those that are
  /// known, or the line of generations is no longer `line`; the state is left as it was, and the
  /// reason is in `problem`.
  bool replace(std::shared_ptr<Home> home, std::uint64_t line, std::string& problem);
  /// There will be no next generation of that line: nobody waits for it any more.
  void giveUpWaiting(std::uint64_t line, PluginState state, std::string reason);
  /// Counts the successions and the ends: what was begun for an earlier line is not wanted any
  /// more.
  std::uint64_t line() const;

  /// Puts another generation in the place of the one that runs, or starts one where none does. It
  /// is created, started and judged beside the old one; then its routes are published, calls go to
  /// it, and the old one ends what it has begun. Whatever fails before leaves the old one as it
  /// was, which never notices. With an interlude the old one ends first, and is started again when
  /// the next one fails. One at a time.
  SuccessionReport succeed(const SuccessionOrder& order);
  /// The next generation cannot even be tried: what runs goes on, and a closed plugin says why.
  SuccessionReport refuseNext(PluginState state, std::string reason);
  /// Ends the generation that runs as a succession does, with none after it: closed with `reason`.
  SuccessionReport leave(PluginState state, std::string reason, std::chrono::milliseconds patience);
  /// Makes a succession wait no longer for the calls of the old generation. Any thread.
  void hurry() noexcept { hurried_ = true; }
  /// It has ended by itself, and its next generation starts within the second.
  bool isAwaited() const;

  /// Something of the generation that runs wants an operator: a code, and a sentence. Both empty:
  /// nothing does. Forgotten with the generation.
  void setImpairment(std::string code, std::string reason);

  /// Hands a call to the plugin's home, or refuses it (CIRCUIT_OPEN) while it fails all of them.
  /// False when it is closed, full or hung.
  bool submit(const std::shared_ptr<HomeCall>& call);
  /// Refuses new work, waits for what runs and for who holds home(), stops and destroys the plugin;
  /// a plugin with calls that do not return is abandoned, and its library stays loaded. True when
  /// it ended cleanly.
  bool close(std::chrono::milliseconds patience);

  /// The home while the plugin is created, else null. close() waits for it to be let go.
  std::shared_ptr<Home> home() const;
  const std::string& id() const { return options_.id; }
  std::chrono::milliseconds deadline() const { return std::chrono::milliseconds{deadline_ms_}; }
  RateLimit rateLimit() const { return {requests_per_minute_, requests_per_hour_}; }
  /// Other limits for what comes from now on; what runs keeps its deadline.
  void setLimits(const HomeLimits& limits, const CircuitLimits& circuit, const RateLimit& rate,
                 bool required);
  PluginStatus status() const;
  bool isRunning() const;

 private:
  struct Life;  // the home, shared with the threads that are inside

  bool awaitEnd(const std::future<void>& finished) const;
  std::shared_ptr<Life> lifeForLocked(HomeCall& call) const;
  bool hand(const std::shared_ptr<HomeCall>& call);
  bool handOver(const std::shared_ptr<HomeCall>& call, const Life* full);
  CircuitBreaker& breakerOf(const HomeCall& call) noexcept;
  bool refuseOpen(HomeCall& call, const CircuitBreaker& breaker) const;
  void addCircuit(PluginStatus& status) const;
  bool refuseReplaced(HomeCall& call) const;
  std::vector<std::shared_ptr<const RegisteredRoute>> knownRoutes() const;
  void resubmit(const std::vector<std::shared_ptr<HomeCall>>& calls);
  bool end(const std::shared_ptr<Life>& life, std::chrono::steady_clock::time_point until);
  static bool stopBounded(const std::shared_ptr<Life>& life,
                          std::chrono::steady_clock::time_point until);
  struct Refusal {
    PluginState state;
    std::string reason;
  };
  std::optional<Refusal> runBounded(const std::shared_ptr<Life>& life, const std::string& step,
                                    const std::function<void(Home&)>& work) const;
  std::optional<Refusal> prepare(const std::shared_ptr<Life>& life, const SuccessionOrder& order);
  SuccessionReport succeedAfterPause(const SuccessionOrder& order);
  std::optional<Refusal> pause(std::chrono::milliseconds patience, std::uint64_t& line,
                               SuccessionReport& report);
  bool awaitQuiet(const Life& life, std::chrono::steady_clock::time_point until) const;
  bool resume(const std::shared_ptr<Life>& life, std::uint64_t line);
  std::optional<Refusal> startNext(const SuccessionOrder& order, std::uint64_t line,
                                   SuccessionReport& report, bool& kept);
  void comeBack(const Interlude& interlude, bool kept, std::uint64_t line,
                SuccessionReport& report);
  void discard(std::shared_ptr<Life> life);
  std::optional<Refusal> startAgain(const std::shared_ptr<Life>& life) const;
  bool install(const std::shared_ptr<Life>& life, std::uint64_t line, bool restarted,
               std::string& problem);
  void rollBack(const Refusal& refusal, SuccessionReport& report);
  std::optional<Refusal> swap(const std::shared_ptr<Life>& life, const SuccessionOrder& order,
                              std::uint64_t line, std::shared_ptr<Life>& old,
                              SuccessionReport& report);
  void retire(const std::shared_ptr<Life>& life, std::chrono::milliseconds patience,
              SuccessionReport& report);
  bool drain(const std::shared_ptr<Life>& life, std::chrono::steady_clock::time_point until) const;
  bool run(const std::string& step, const std::function<void(Home&)>& work);
  bool parkLocked(const std::shared_ptr<HomeCall>& call);
  void sortOut(const HeldCall& held);
  void refuse(const std::vector<std::shared_ptr<HomeCall>>& calls) const;
  void enterLocked(PluginState state, std::string reason);
  void openLocked();

  const Options options_;
  std::atomic<std::int64_t> deadline_ms_;
  std::atomic<std::int64_t> requests_per_minute_;
  std::atomic<std::int64_t> requests_per_hour_;
  std::atomic<bool> given_up_{false};
  std::atomic<bool> hurried_{false};
  CircuitBreaker breaker_;
  CircuitBreaker asides_breaker_;  ///< what hangs its requests does not close these
  mutable std::mutex mutex_;
  PluginStatus status_;
  std::shared_ptr<Life> life_;
  std::atomic<Life*> open_{nullptr};  ///< life_ while it runs, for those who take no lock
  std::shared_ptr<Life> beside_;      ///< the next one before the swap, the last one after it
  std::vector<std::shared_ptr<const RegisteredRoute>> known_routes_;  ///< that calls carry
  std::uint64_t line_ = 0;
  std::optional<Refusal> closed_as_;  ///< by its own end, before a succession was tried
  bool awaited_ = false;              ///< the next generation comes soon
  std::vector<std::shared_ptr<HomeCall>> parked_;
};

}  // namespace bulkhead::host
