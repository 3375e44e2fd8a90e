#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capabilities/event_carrier.hpp"
#include "runtime/inbox.hpp"

/// What the carrier knows of plugins, on its own thread.
namespace bulkhead::host {

namespace carrying {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr milliseconds kPoll{30'000};        ///< what no bell has told is found by then
inline constexpr milliseconds kSurveyPoll{10'000};  ///< of figures
inline constexpr milliseconds kSweepPoll{600'000};
inline constexpr milliseconds kSoon{100};
inline constexpr milliseconds kRetryFirst{1'000};
inline constexpr milliseconds kRetryMost{60'000};
inline constexpr milliseconds kDeskPatience{10'000};
/// A handler that overran its deadline may be on its end: a worker is ended by then.
inline constexpr milliseconds kLatePatience{10'000};
inline constexpr std::size_t kRunsAtOnce = 2;
inline constexpr std::int64_t kDueAtOnce = 32;
inline constexpr unsigned kDeathsMax = 2;
inline constexpr seconds kOldMax{300};  ///< what waits for longer is told to operators

inline std::int64_t microseconds(milliseconds age) {
  return std::chrono::duration_cast<std::chrono::microseconds>(age).count();
}

inline bool isOpen(const Compartment& compartment) {
  const PluginState state = compartment.status().state;
  return state == PluginState::Running || state == PluginState::Hung;
}

}  // namespace carrying

/// What the carrier's thread does next.
struct EventCarrier::Queue {
  std::mutex mutex;
  std::condition_variable moved;
  std::deque<std::function<void()>> tasks;
  std::set<std::string> rung;  ///< plugins, each once
  bool ended = false;

  /// Never run when the carrier has ended.
  void post(std::function<void()> task) noexcept {
    try {
      const std::lock_guard lock{mutex};
      if (ended) return;
      tasks.push_back(std::move(task));
      moved.notify_all();
    } catch (const std::exception&) {  // no memory: what waits for it is given up in its time
    }
  }
};

/// The way of one capability's events to one consumer.
struct EventCarrier::Carry {
  std::string capability;
  std::string consumer;
  bool dirty = true;
  bool busy = false;
  Time again_at{};  ///< not before, after a failure
  std::chrono::milliseconds pause = carrying::kRetryFirst;
};

struct EventCarrier::Member {
  std::string id;
  std::shared_ptr<Compartment> compartment;
  Route desk;  ///< null: it has neither events nor messages
  std::vector<Route> handlers;
  std::vector<std::string> provides;
  std::shared_ptr<const EventContracts> contracts;

  std::uint64_t admitted = 0;  ///< how often
  std::uint64_t tellings = 0;  ///< how often what its store was told went out of date
  bool told = false;           ///< its store knows what this version listens to
  bool telling = false;
  Time tell_at{};
  std::set<std::pair<std::string, std::string>> heard;  ///< source and type, by any version
  Time ill_until{};                                     ///< something of it failed in here

  bool look = true;  ///< into its inbox
  bool looking = false;
  Time look_at{};
  std::deque<inbox::Due> due;
  std::set<std::int64_t> running;
  std::map<std::int64_t, unsigned> deaths;  ///< that messages cost, by number
  struct Pause {
    Time until{};
    std::chrono::milliseconds next = carrying::kRetryFirst;
  };
  std::map<std::int64_t, Pause> held_back;  ///< whose run its store could not write down
  std::vector<Carry> carries;
  std::set<std::string> unsettled;  ///< capabilities
  bool settling = false;
  Time settle_at{};  ///< not before
  Time poll_at{};    ///< for what no bell has told
  bool surveying = false;
  Time survey_at{};
  bool sweeping = false;
  Time sweep_at{};

  void tellAgain() {
    ++tellings;
    told = false;
    tell_at = {};
  }
  /// Something was set aside for want of a handler in that version: one that has it may have been
  /// told before it was there.
  void hasSetAside(std::uint64_t version) {
    if (version != admitted) tellAgain();
  }
  /// This version, or one before it on the same store.
  bool listensTo(std::string_view capability) const {
    return std::any_of(handlers.begin(), handlers.end(),
                       [&](const auto& one) { return one->capability == capability; }) ||
           std::any_of(heard.begin(), heard.end(),
                       [&](const auto& one) { return one.first == capability; });
  }
  Route handlerOf(std::string_view source, std::string_view type) const {
    const auto found = std::find_if(handlers.begin(), handlers.end(),
                                    [&](const auto& one) { return one->takes(source, type); });
    return found == handlers.end() ? nullptr : *found;
  }
};

/// A call that is under way.
struct EventCarrier::Flight {
  std::weak_ptr<MessageCall> call;
  Time give_up_at;
};

}  // namespace bulkhead::host
