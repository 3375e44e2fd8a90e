#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "plugins/compartment_life.hpp"
#include "plugins/pin.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr milliseconds kDrainLook{50};

/// A library with calls on some thread's stack must never be unmapped, nor its home taken away.
void leaveLoaded(std::shared_ptr<void> life) {
  static std::mutex mutex;
  // allowed: outlives every destructor on purpose
  static auto* left_behind = new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock{mutex};
  left_behind->push_back(std::move(life));
}

/// A worker's, which an operator may release.
bool endedByItself(PluginState state) {
  return state == PluginState::Crashed || state == PluginState::Hung ||
         state == PluginState::Quarantined;
}

bool isSame(const RegisteredRoute& one, const RegisteredRoute& other) {
  return one.contract.method() == other.contract.method() && one.path == other.path &&
         one.contract.document() == other.contract.document();
}

}  // namespace

void Compartment::Life::learnRoutes(const Routes& known) {
  routes_ = home->routes();
  const bool as_before = std::equal(
      routes_.begin(), routes_.end(), known.begin(), known.end(),
      [](const auto& a, const auto& b) { return a->number == b->number && isSame(*a, *b); });
  if (as_before) routes_ = known;
  for (const auto& route : routes_) own_.insert(route.get());
}

std::shared_ptr<const RegisteredRoute> Compartment::Life::counterpart(
    const RegisteredRoute& route) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(),
                                  [&](const auto& own) { return isSame(*own, route); });
  return found == routes_.end() ? nullptr : *found;
}

SuccessionReport Compartment::succeed(const SuccessionOrder& order) {
  if (order.interlude) return succeedAfterPause(order);
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t line = this->line();
  auto life = makePinned<Life>(order.home);
  SuccessionReport report;
  auto refusal = prepare(life, order);
  report.started_in = elapsedSince(begin);
  std::shared_ptr<Life> old;
  if (!refusal) refusal = swap(life, order, line, old, report);
  if (refusal) {
    rollBack(*refusal, report);
    discard(std::move(life));
    return report;
  }
  if (order.swapped) order.swapped();
  if (old) retire(old, order.patience, report);
  return report;
}

/// A generation that was refused, which may have started: ended like any other, and never under a
/// lock that a call wants.
void Compartment::discard(std::shared_ptr<Life> life) {
  if (!life->stands_still) {
    end(life, std::chrono::steady_clock::now());
  } else if (!life->home->abandon()) {
    leaveLoaded(std::move(life));
  }
}

SuccessionReport Compartment::refuseNext(PluginState state, std::string reason) {
  SuccessionReport report;
  rollBack({state, std::move(reason)}, report);
  return report;
}

SuccessionReport Compartment::leave(PluginState state, std::string reason, milliseconds patience) {
  SuccessionReport report;
  std::shared_ptr<Life> life;
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    ++line_;
    life = std::exchange(life_, nullptr);
    awaited_ = false;
    waiting.swap(parked_);
    if (life) enterLocked(PluginState::Draining, {});
    report.succeeded = true;
    report.version_before = life ? status_.version : "";
    report.generation_before = life ? status_.generation : 0;
    report.drained = life ? life->calls() : 0;
  }
  refuse(waiting);
  if (life) retire(life, patience, report);
  breaker_.reset();
  asides_breaker_.reset();
  enter(state, std::move(reason));
  return report;
}

void Compartment::rollBack(const Refusal& refusal, SuccessionReport& report) {
  const std::lock_guard lock{mutex_};
  beside_.reset();   // whoever calls has it, too
  if (closed_as_) {  // what closed it stays true
    enterLocked(closed_as_->state, closed_as_->reason);
  } else if (!life_ && !awaited_) {
    enterLocked(refusal.state, refusal.reason);
  }
  report.refused_as = refusal.state;
  report.problem = refusal.reason;
  report.version_before = life_ ? status_.version : "";
  report.generation_before = life_ ? status_.generation : 0;
  report.generation = report.generation_before;
}

/// All that can fail, while the old generation serves.
std::optional<Compartment::Refusal> Compartment::prepare(const std::shared_ptr<Life>& life,
                                                         const SuccessionOrder& order) {
  {
    const std::lock_guard lock{mutex_};
    closed_as_.reset();
    if (!life_ && endedByItself(status_.state)) closed_as_ = {status_.state, status_.reason};
    if (!life_ && !awaited_) enterLocked(PluginState::Starting, {});
  }
  auto refusal = runBounded(life, "create", [](Home& plugin) { plugin.create(); });
  if (!refusal) refusal = runBounded(life, "start", [](Home& plugin) { plugin.start(); });
  if (!refusal && order.judge) refusal = runBounded(life, "check_health", order.judge);
  if (!refusal && !life->home->isAlive())
    refusal = Refusal{PluginState::Failed, "It ended as soon as it had started."};
  if (refusal) return refusal;
  life->learnRoutes();
  {
    const std::lock_guard lock{mutex_};
    beside_ = life;  // from the moment on that its routes are known, calls come with them
  }
  try {
    if (order.publish) order.publish(*life->home);
  } catch (const Error& error) {
    return Refusal{PluginState::Refused, error.message()};
  }
  return std::nullopt;
}

std::optional<Compartment::Refusal> Compartment::swap(const std::shared_ptr<Life>& life,
                                                      const SuccessionOrder& order,
                                                      std::uint64_t line,
                                                      std::shared_ptr<Life>& old,
                                                      SuccessionReport& report) {
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (line != line_) return Refusal{PluginState::Stopped, "It was closed meanwhile."};
    closed_as_.reset();
    old = std::exchange(life_, life);
    beside_ = old;
    known_routes_ = life->routes();
    ++line_;
    awaited_ = false;
    waiting.swap(parked_);
    report.succeeded = true;
    if (old) {
      report.version_before = status_.version;
      report.generation_before = status_.generation;
      report.drained = old->calls();
    }
    report.generation = ++status_.generation;
    status_.recycles += order.recycles ? 1 : 0;
    status_.version = order.version;
    status_.service = order.service;
    status_.file = order.file;
    status_.capabilities = order.capabilities;
    status_.required = order.required;
    status_.worker = order.worker;
    deadline_ms_ = order.deadline.count();
    enterLocked(PluginState::Running, {});
  }
  if (!order.recycles) {
    for (CircuitBreaker* const breaker : {&breaker_, &asides_breaker_}) {
      breaker->setLimits(order.circuit);
      breaker->reset();
    }
  }
  resubmit(waiting);
  return std::nullopt;
}

void Compartment::retire(const std::shared_ptr<Life>& life, milliseconds patience,
                         SuccessionReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(kCallsLinger);
  {
    const std::lock_guard lock{mutex_};
    beside_.reset();
  }
  const std::size_t held = std::max(report.drained, life->calls());
  if (!drain(life, begin + patience)) {
    const HomeLoad load = life->home->load();
    report.aborted = load.running();
    report.passed_on = load.queued();
  }
  report.drained = held - std::min(held, report.aborted + report.passed_on);
  report.left_behind = !end(life, std::chrono::steady_clock::now());
  report.drained_in = elapsedSince(begin);
}

/// True when nobody is inside any more.
bool Compartment::drain(const std::shared_ptr<Life>& life, Time until) const {
  for (;;) {
    const Time look = std::min(until, std::chrono::steady_clock::now() + kDrainLook);
    if (life->home->drain(look) && life->awaitAlone(look)) return true;
    if (hurried_ || std::chrono::steady_clock::now() >= until) return false;
  }
}

/// Stops and destroys it when nobody is inside by `until`; else it is left behind, and what it has
/// not begun goes to who runs now. True when it ended cleanly.
bool Compartment::end(const std::shared_ptr<Life>& life, Time until) {
  if (life->home->drain(until) && life->awaitAlone(until) && stopBounded(life, until)) return true;
  resubmit(life->home->takeWaiting());
  if (!life->home->abandon()) leaveLoaded(life);
  return false;
}

/// A plugin whose stop() or destructor hangs costs its own time, and a second where none is left.
bool Compartment::stopBounded(const std::shared_ptr<Life>& life, Time until) {
  constexpr std::chrono::seconds kLeast{1};
  const auto done = std::make_shared<std::promise<void>>();
  const auto stopped = done->get_future();
  try {
    std::thread{[life, done] {
      life->home->stop();
      done->set_value();
    }}.detach();
  } catch (const std::system_error&) {  // no thread to be had: it is stopped on this one
    life->home->stop();
    done->set_value();
  }
  return stopped.wait_until(std::max(until, std::chrono::steady_clock::now() + kLeast)) ==
         std::future_status::ready;
}

}  // namespace bulkhead::host
