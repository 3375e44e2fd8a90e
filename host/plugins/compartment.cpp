#include "plugins/compartment.hpp"

#include <algorithm>
#include <condition_variable>
#include <fmt/format.h>
#include <future>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/services.hpp"

namespace bulkhead::host {

struct Compartment::Life {
  explicit Life(std::shared_ptr<Home> given) : home{std::move(given)} {}

  const std::shared_ptr<Home> home;

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
  std::mutex mutex_;
  std::condition_variable alone_;
  std::size_t visitors_ = 0;
};

namespace {

/// The route table leads to what was admitted first.
bool isSame(const std::vector<std::shared_ptr<const RegisteredRoute>>& one,
            const std::vector<std::shared_ptr<const RegisteredRoute>>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const auto& a, const auto& b) {
                      return a->number == b->number && a->path == b->path &&
                             a->contract.method() == b->contract.method() &&
                             a->contract.document() == b->contract.document();
                    });
}

/// Calls that wait for the next generation of a plugin.
constexpr std::size_t kParkedMax = 4096;

/// A library with calls on some thread's stack must never be unmapped, nor its home taken away.
void leaveLoaded(std::shared_ptr<void> life) {
  static std::mutex mutex;
  // allowed: outlives every destructor on purpose
  static auto* left_behind = new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock{mutex};
  left_behind->push_back(std::move(life));
}

}  // namespace

Compartment::Compartment(Options options)
    : options_{std::move(options)}, deadline_ms_{options_.deadline.count()} {
  status_.id = options_.id;
  status_.required = options_.required;
  status_.worker = options_.worker;
  status_.since_us = SystemClock{}.nowUs();
}

Compartment::~Compartment() {
  close(std::chrono::milliseconds{0});
}

void Compartment::describe(std::string version, std::string service, std::string file) {
  const std::lock_guard lock{mutex_};
  status_.version = std::move(version);
  status_.service = std::move(service);
  status_.file = std::move(file);
}

void Compartment::enter(PluginState state, std::string reason) {
  const std::lock_guard lock{mutex_};
  enterLocked(state, std::move(reason));
}

void Compartment::enterLocked(PluginState state, std::string reason) {
  status_.state = state;
  status_.reason = std::move(reason);
  status_.since_us = SystemClock{}.nowUs();
}

bool Compartment::create(std::shared_ptr<Home> home) {
  {
    const std::lock_guard lock{mutex_};
    life_ = std::make_shared<Life>(std::move(home));
    enterLocked(PluginState::Verified, {});
  }
  if (!run("create", [](Home& plugin) { plugin.create(); })) return false;
  const std::lock_guard lock{mutex_};
  if (life_) admitted_ = life_->home->routes();
  return true;
}

bool Compartment::start() {
  enter(PluginState::Starting);
  if (!run("start", [](Home& plugin) { plugin.start(); })) return false;
  const std::lock_guard lock{mutex_};
  ++status_.generation;
  if (life_) enterLocked(PluginState::Running, {});  // else it was lost meanwhile
  return true;
}

/// A step of the home that it has; what ends it closes it.
bool Compartment::run(const std::string& step, const std::function<void(Home&)>& work) {
  std::shared_ptr<Life> life;
  {
    const std::lock_guard lock{mutex_};
    life = life_;
  }
  auto refusal = runBounded(life, step, work);
  if (!refusal) return true;
  const std::lock_guard lock{mutex_};
  life_.reset();
  enterLocked(refusal->state, std::move(refusal->reason));
  return false;
}

/// True when it ended within its time, and before the host gave it up.
bool Compartment::awaitEnd(const std::future<void>& finished) const {
  constexpr std::chrono::milliseconds kLook{20};
  const auto until = std::chrono::steady_clock::now() + options_.start_timeout;
  while (finished.wait_for(kLook) != std::future_status::ready) {
    if (given_up_ || std::chrono::steady_clock::now() >= until) return false;
  }
  return true;
}

/// A step that does not return cannot be ended; it is left behind with everything that it holds.
std::optional<Compartment::Refusal> Compartment::runBounded(
    const std::shared_ptr<Life>& life, const std::string& step,
    const std::function<void(Home&)>& work) const {
  const auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  std::thread{[life, work, done] {
    try {
      work(*life->home);
      done->set_value();
    } catch (...) {
      done->set_exception(std::current_exception());
    }
  }}.detach();
  if (!awaitEnd(finished)) {
    life->home->interrupt();
    if (given_up_) {
      return Refusal{PluginState::Failed,
                     fmt::format("{}() had not returned when the host stopped.", step)};
    }
    return Refusal{PluginState::Failed, fmt::format("{}() did not return within {} ms.", step,
                                                    options_.start_timeout.count())};
  }
  try {
    finished.get();
    return std::nullopt;
  } catch (const Error& error) {
    const PluginState state = step == "create" ? PluginState::Refused : PluginState::Failed;
    return Refusal{state,
                   fmt::format("{}() refused: {} ({})", step, error.message(), error.code())};
  } catch (const std::exception& error) {
    return Refusal{PluginState::Failed, fmt::format("{}() threw: {}", step, error.what())};
  }
}

bool Compartment::submit(const std::shared_ptr<HomeCall>& call) {
  std::shared_ptr<Life> life;
  {
    const std::lock_guard lock{mutex_};
    if (status_.state == PluginState::Running) life = life_;
    if (!life) return parkLocked(call);
  }
  if (life->home->submit(call)) return true;
  if (life->home->isAlive()) return false;
  const std::lock_guard lock{mutex_};  // it has just ended, or the next one is there already
  if (life_ && life_ != life) return life_->home->submit(call);
  awaited_ = awaited_ || status_.state == PluginState::Running;
  return parkLocked(call);
}

bool Compartment::parkLocked(const std::shared_ptr<HomeCall>& call) {
  if (!awaited_ || parked_.size() >= kParkedMax) return false;
  parked_.push_back(call);
  return true;
}

bool Compartment::lost(const Home* home, PluginState state, std::string reason, bool soon,
                       const std::vector<HeldCall>& calls) {
  std::shared_ptr<Life> life;
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (life_ && life_->home.get() == home) {
      life.swap(life_);
      awaited_ = soon;
      if (!soon) waiting.swap(parked_);
      enterLocked(state, std::move(reason));
    }
  }
  for (const auto& held : calls) sortOut(held);
  refuse(waiting);
  return life != nullptr;
}

/// Begun once more only where that cannot be seen: it changes nothing, or its key meets what it
/// did.
void Compartment::sortOut(const HeldCall& held) {
  HomeCall& call = *held.call;
  if (call.isAnswered() || held.answering) return;
  const RouteContract& contract = call.route().contract;
  const HttpRequest& request = call.request();
  const bool safe = request.method == "GET" || request.method == "HEAD";
  const bool keyed = contract.idempotency() != RouteIdempotency::None &&
                     request.header("idempotency-key") != nullptr;
  const bool whole = contract.streams() == RouteStreams::None;
  if (held.blamed && call.addDeath() > 1) {
    call.refuse(Error::app("POISON_REQUEST",
                           fmt::format("The service '{}' ended twice while it worked on this "
                                       "request, which is not tried again.",
                                       options_.id)));
    return;
  }
  const bool body_gone = request.body_stream != nullptr;  // a part of it went with the worker
  if ((!held.begun && !body_gone) || (whole && (safe || keyed))) {
    const std::lock_guard lock{mutex_};
    if (parkLocked(held.call)) return;
  }
  if (!held.begun) {
    refuse({held.call});
    return;
  }
  call.refuse(Error::app(
      "PLUGIN_CRASHED",
      fmt::format("The service '{}' ended while it worked on this request.", options_.id)));
}

void Compartment::refuse(const std::vector<std::shared_ptr<HomeCall>>& calls) const {
  for (const auto& call : calls) {
    call->refuse(
        Error::app("PLUGIN_UNAVAILABLE",
                   fmt::format("The service '{}' has ended; everything else works.", options_.id))
            .withRetryAfter(5));
  }
}

bool Compartment::replace(std::shared_ptr<Home> home, std::string& problem) {
  const auto life = std::make_shared<Life>(std::move(home));
  auto refusal = runBounded(life, "create", [](Home& plugin) { plugin.create(); });
  if (!refusal && !isSame(admitted_, life->home->routes()))
    refusal = Refusal{PluginState::Refused, "It registers other routes than before."};
  if (!refusal) refusal = runBounded(life, "start", [](Home& plugin) { plugin.start(); });
  if (refusal) {
    problem = std::move(refusal->reason);
    return false;
  }
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (!life->home->isAlive()) {
      problem = "It ended as soon as it had started.";
      return false;
    }
    life_ = life;
    awaited_ = false;
    waiting.swap(parked_);
    ++status_.generation;
    ++status_.restarts;
    enterLocked(PluginState::Running, {});
  }
  for (const auto& call : waiting) {
    if (!call->isAnswered() && !submit(call)) refuse({call});
  }
  return true;
}

void Compartment::giveUpWaiting(PluginState state, std::string reason) {
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    awaited_ = false;
    waiting.swap(parked_);
    enterLocked(state, std::move(reason));
  }
  refuse(waiting);
}

void Compartment::setLimits(const HomeLimits& limits, bool required) {
  const std::lock_guard lock{mutex_};
  status_.required = required;
  deadline_ms_ = limits.deadline.count();
  if (life_) life_->home->setLimits(limits);
}

/// A plugin whose stop() or destructor hangs costs its own time, and a second where none is left.
bool Compartment::stopBounded(const std::shared_ptr<Life>& life,
                              std::chrono::steady_clock::time_point until) {
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

bool Compartment::close(std::chrono::milliseconds patience) {
  std::shared_ptr<Life> life;
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    life = std::exchange(life_, nullptr);
    awaited_ = false;
    waiting.swap(parked_);
    if (life && status_.reason.empty()) enterLocked(PluginState::Draining, {});
  }
  refuse(waiting);
  if (!life) return true;
  const auto until = std::chrono::steady_clock::now() + patience;
  const bool ended =
      life->home->drain(until) && life->awaitAlone(until) && stopBounded(life, until);
  if (!ended && !life->home->abandon()) leaveLoaded(life);
  const std::lock_guard lock{mutex_};
  if (status_.state == PluginState::Draining) {
    enterLocked(PluginState::Stopped,
                ended ? "" : "Calls did not return; the plugin was left behind.");
  }
  return ended;
}

std::shared_ptr<Home> Compartment::home() const {
  const std::lock_guard lock{mutex_};
  if (!life_) return nullptr;
  life_->enter();
  return {life_->home.get(), [life = life_](Home*) { life->leave(); }};
}

PluginStatus Compartment::status() const {
  const std::lock_guard lock{mutex_};
  PluginStatus status = status_;
  status.parked = parked_.size();
  if (life_) status.load = life_->home->load();
  if (status.state == PluginState::Running && status.load.hung) {
    status.state = PluginState::Hung;
    status.reason = fmt::format(
        "All {} threads of the plugin run past their deadline; it answers again when one returns.",
        status.load.threads);
  }
  return status;
}

bool Compartment::isRunning() const {
  return status().state == PluginState::Running;
}

}  // namespace bulkhead::host
