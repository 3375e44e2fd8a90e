#include "plugins/compartment.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "logging/log.hpp"
#include "logging/log_context.hpp"
#include "plugins/compartment_life.hpp"
#include "plugins/pin.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {

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

/// `what` it is asked for.
void tell(const std::string& plugin, const char* what, const CircuitStatus& circuit) {
  LogContext context;
  context.plugin = plugin;
  const LogScope scope{context};
  if (circuit.state == CircuitState::Closed) {
    log(Level::Info, "plugins", "A plugin answers again",
        {{"event", "circuit_closed"}, {"of", what}});
    return;
  }
  log(Level::Warn, "plugins",
      fmt::format("A plugin fails all its {}: they are kept away from it", what),
      {{"event", "circuit_open"},
       {"of", what},
       {"failures", circuit.failures},
       {"code", circuit.last_failure},
       {"pauseMs", circuit.wait.count()}});
}

constexpr const char* kRequests = "requests";
constexpr const char* kAsides = "asks and events";

}  // namespace

Compartment::Compartment(Options options)
    : options_{std::move(options)},
      deadline_ms_{options_.deadline.count()},
      requests_per_minute_{options_.rate.per_minute},
      requests_per_hour_{options_.rate.per_hour},
      breaker_{options_.circuit,
               [id = options_.id](const CircuitStatus& circuit) { tell(id, kRequests, circuit); }},
      asides_breaker_{options_.circuit, [id = options_.id](const CircuitStatus& circuit) {
                        tell(id, kAsides, circuit);
                      }} {
  status_.id = options_.id;
  status_.required = options_.required;
  status_.worker = options_.worker;
  status_.since_us = SystemClock{}.nowUs();
}

Compartment::~Compartment() {
  close(std::chrono::milliseconds{0});
}

void Compartment::describe(std::string version, std::string service, std::string file,
                           PluginCapabilities capabilities) {
  const std::lock_guard lock{mutex_};
  status_.version = std::move(version);
  status_.service = std::move(service);
  status_.file = std::move(file);
  status_.capabilities = std::move(capabilities);
}

void Compartment::enter(PluginState state, std::string reason) {
  const std::lock_guard lock{mutex_};
  enterLocked(state, std::move(reason));
}

void Compartment::enterLocked(PluginState state, std::string reason) {
  status_.state = state;
  status_.reason = std::move(reason);
  status_.impairment.clear();
  status_.since_us = SystemClock{}.nowUs();
  openLocked();
}

/// After each change of the life or its state.
void Compartment::openLocked() {
  open_ = status_.state == PluginState::Running ? life_.get() : nullptr;
}

bool Compartment::create(std::shared_ptr<Home> home) {
  {
    const std::lock_guard lock{mutex_};
    life_ = makePinned<Life>(std::move(home));
    enterLocked(PluginState::Verified, {});
  }
  if (!run("create", [](Home& plugin) { plugin.create(); })) return false;
  const std::lock_guard lock{mutex_};
  if (!life_) return false;  // it was closed meanwhile
  life_->learnRoutes();
  known_routes_ = life_->routes();
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
    life->stands_still = true;
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
  const bool safe = call.isSafe();
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
    if (hand(held.call)) return;
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

bool Compartment::replace(std::shared_ptr<Home> home, std::uint64_t line, std::string& problem) {
  const auto life = makePinned<Life>(std::move(home));
  if (auto refusal = startAgain(life)) {
    problem = std::move(refusal->reason);
    return false;
  }
  return install(life, line, true, problem);
}

/// A home of the plugin as it is known.
std::optional<Compartment::Refusal> Compartment::startAgain(
    const std::shared_ptr<Life>& life) const {
  auto refusal = runBounded(life, "create", [](Home& plugin) { plugin.create(); });
  if (!refusal && !isSame(knownRoutes(), life->home->routes()))
    refusal = Refusal{PluginState::Refused, "It registers other routes than before."};
  if (!refusal) refusal = runBounded(life, "start", [](Home& plugin) { plugin.start(); });
  return refusal;
}

/// What has started runs from now on, unless it is not wanted any more.
bool Compartment::install(const std::shared_ptr<Life>& life, std::uint64_t line, bool restarted,
                          std::string& problem) {
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (line != line_ || !life->home->isAlive()) {
      problem =
          line != line_ ? "It was replaced meanwhile." : "It ended as soon as it had started.";
      return false;
    }
    life->learnRoutes(known_routes_);
    known_routes_ = life->routes();
    life_ = life;
    awaited_ = false;
    waiting.swap(parked_);
    ++status_.generation;
    if (restarted) ++status_.restarts;
    enterLocked(PluginState::Running, {});
  }
  resubmit(waiting);
  return true;
}

/// What waited for the generation that runs now, as it has room: more may have waited than run at
/// once.
void Compartment::resubmit(const std::vector<std::shared_ptr<HomeCall>>& calls) {
  constexpr std::chrono::milliseconds kLook{2};
  for (const auto& call : calls) {
    while (!call->isAnswered() && !hand(call)) {
      if (hurried_ || !isRunning()) {
        refuse({call});
        break;
      }
      std::this_thread::sleep_for(kLook);
    }
  }
}

void Compartment::giveUpWaiting(std::uint64_t line, PluginState state, std::string reason) {
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (line != line_) return;
    awaited_ = false;
    waiting.swap(parked_);
    enterLocked(state, std::move(reason));
  }
  refuse(waiting);
}

std::vector<std::shared_ptr<const RegisteredRoute>> Compartment::knownRoutes() const {
  const std::lock_guard lock{mutex_};
  return known_routes_;
}

bool Compartment::isAwaited() const {
  const std::lock_guard lock{mutex_};
  return !life_ && awaited_;
}

std::uint64_t Compartment::line() const {
  const std::lock_guard lock{mutex_};
  return line_;
}

void Compartment::setLimits(const HomeLimits& limits, const CircuitLimits& circuit,
                            const RateLimit& rate, bool required) {
  requests_per_minute_ = rate.per_minute;
  requests_per_hour_ = rate.per_hour;
  breaker_.setLimits(circuit);
  asides_breaker_.setLimits(circuit);
  const std::lock_guard lock{mutex_};
  status_.required = required;
  deadline_ms_ = limits.deadline.count();
  if (life_) life_->home->setLimits(limits);
}

bool Compartment::close(std::chrono::milliseconds patience) {
  std::shared_ptr<Life> life;
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    ++line_;
    life = std::exchange(life_, nullptr);
    openLocked();
    awaited_ = false;
    waiting.swap(parked_);
    const bool closed_already = !status_.reason.empty() && status_.impairment.empty();
    if (life && !closed_already) enterLocked(PluginState::Draining, {});
  }
  refuse(waiting);
  if (!life) return true;
  const auto until = std::chrono::steady_clock::now() + patience;
  const bool ended = end(life, until);
  const std::lock_guard lock{mutex_};
  if (status_.state == PluginState::Draining) {
    enterLocked(PluginState::Stopped,
                ended ? "" : "Calls did not return; the plugin was left behind.");
  }
  return ended;
}

void Compartment::setImpairment(std::string code, std::string reason) {
  const std::lock_guard lock{mutex_};
  if (status_.state != PluginState::Running) return;
  status_.impairment = std::move(code);
  status_.reason = std::move(reason);
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
  status.parked = static_cast<std::size_t>(std::count_if(
      parked_.begin(), parked_.end(), [](const auto& call) { return !call->isAnswered(); }));
  if (life_) status.load = life_->home->load();
  if (status.state == PluginState::Running && status.load.hung) {
    status.state = PluginState::Hung;
    status.impairment.clear();
    status.reason = fmt::format(
        "All {} threads of the plugin run past their deadline; it answers again when one returns.",
        status.load.threads);
  } else if (status.state == PluginState::Running && status.load.asides_hung) {
    status.impairment = "asks_hung";
    status.reason = fmt::format(
        "All {} threads for asks and events run past their deadline; requests are answered.",
        status.load.asides.stuck);
  }
  addCircuit(status);
  return status;
}

void Compartment::addCircuit(PluginStatus& status) const {
  const auto now = std::chrono::steady_clock::now();
  status.circuit = breaker_.status(now);
  status.asides_circuit = asides_breaker_.status(now);
  if (status.state != PluginState::Running) return;
  const bool requests = status.circuit.state != CircuitState::Closed;
  const CircuitStatus& open = requests ? status.circuit : status.asides_circuit;
  if (open.state == CircuitState::Closed) return;
  status.impairment = "circuit_open";
  status.reason = fmt::format(
      "Its last {} {} failed, the last one with {}: {} are kept away from it, and a few are tried "
      "{}.",
      open.failures, requests ? kRequests : kAsides, open.last_failure,
      requests ? kRequests : "they",
      open.state == CircuitState::HalfOpen ? std::string{"now"}
                                           : fmt::format("in {} ms", open.wait.count()));
}

bool Compartment::isRunning() const {
  return status().state == PluginState::Running;
}

}  // namespace bulkhead::host
