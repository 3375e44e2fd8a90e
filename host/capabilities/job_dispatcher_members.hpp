#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "capabilities/job_dispatcher.hpp"

/// What the dispatcher knows of plugins, on its own thread.
namespace bulkhead::host {

namespace dispatching {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What no bell has told, and what a clock that was set has made due, is found by then.
inline constexpr milliseconds kPoll{10'000};
inline constexpr milliseconds kSurveyPoll{10'000};
inline constexpr milliseconds kSweepPoll{600'000};
inline constexpr milliseconds kSoon{100};
inline constexpr milliseconds kRetry{1'000};
inline constexpr milliseconds kDeskPatience{10'000};
/// A handler that overran its deadline may be on its end: a worker is ended by then.
inline constexpr milliseconds kLatePatience{10'000};
inline constexpr std::size_t kRunsAtOnce = 4;
/// Looked for at once, for each that may run.
inline constexpr std::int64_t kDueEach = 8;

}  // namespace dispatching

struct JobDispatcher::Mailbox {
  std::mutex mutex;
  std::condition_variable moved;
  std::deque<std::function<void()>> tasks;
  std::set<std::string> rung;  ///< plugins, each once
  bool ended = false;

  /// Never run when the dispatcher has ended.
  void post(std::function<void()> task) noexcept {
    try {
      const std::lock_guard lock{mutex};
      if (ended) return;
      tasks.push_back(std::move(task));
      moved.notify_all();
    } catch (const std::exception&) {  // no memory: the job's lease ends by itself
    }
  }
};

/// A job that is being done, or was until its home ended.
struct JobDispatcher::Run {
  std::int64_t seq = 0;
  Route queue;
  Time begun{};
};

struct JobDispatcher::Member {
  std::string id;
  std::shared_ptr<Compartment> compartment;
  Route desk;  ///< null: it has no queues
  std::vector<Route> queues;

  bool wanted = true;  ///< to look for what is due
  bool looking = false;
  Time look_at{};
  std::map<std::string, std::deque<jobs::Due>> due;  ///< by queue
  std::set<std::string> full;                        ///< queues that may have more
  std::map<std::string, Run> runs;                   ///< by owner
  std::map<std::string, Json> unsaid;  ///< what its desk is still to be told, by owner
  bool saying = false;
  Time say_at{};
  bool surveying = false;
  Time survey_at{};
  bool sweeping = false;
  Time sweep_at{};
  Time ill_until{};

  /// Whether it has registered that queue: what it says beside that names no metric.
  bool has(std::string_view queue) const {
    return std::any_of(queues.begin(), queues.end(),
                       [&](const Route& one) { return one->call == queue; });
  }
  std::size_t running(const RegisteredRoute& queue) const {
    return static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), [&](const auto& one) {
      return one.second.queue->call == queue.call;
    }));
  }
  bool runsJob(std::int64_t seq) const {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const auto& one) { return one.second.seq == seq; });
  }
};

}  // namespace bulkhead::host
